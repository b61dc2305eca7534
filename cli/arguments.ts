import { type ArgumentParser, ArgumentTypeError } from "argparse";
import { printError } from "./print.ts";

/** A fold as it is given on the command line. */
export type Fold = number | "all";

/** For argparse: `0`, `1`, … or `all`. */
export function fold(text: string): Fold {
  if (text === "all") return "all";
  if (!/^\d+$/.test(text)) {
    throw new ArgumentTypeError(`"${text}" is not a fold, give a number from 0 or "all"`);
  }
  return Number(text);
}

const DEVICES = ["cuda", "cpu", "mps", "webgpu"];

/** `-device`: accepted because scripts give it; whatever it says, WebGPU picks the adapter. */
export function addDeviceArgument(parser: ArgumentParser): void {
  parser.add_argument("-device", {
    default: "webgpu",
    choices: DEVICES,
    help: "accepted for nnU-Net's scripts; WebGPU's adapter is used, see doctor",
  });
}

/** Says once that a choice of device means nothing here. */
export function noticeDevice(device: string): void {
  if (device === "cpu") {
    printError("-device cpu: this program computes on the WebGPU adapter, see doctor");
  }
  if (Deno.env.get("CUDA_VISIBLE_DEVICES") !== undefined) {
    printError("CUDA_VISIBLE_DEVICES is set, but does not choose the WebGPU adapter");
  }
}

/** Process counts of nnU-Net: accepted because scripts give them, without effect here. */
export function addIgnoredProcesses(parser: ArgumentParser, ...flags: string[]): void {
  for (const flag of flags) {
    parser.add_argument(flag, {
      type: "int",
      nargs: "+",
      metavar: "N",
      help: "number of processes; accepted for nnU-Net's scripts, without effect",
    });
  }
}
