import type { ArgumentParser } from "argparse";
import { join } from "node:path";
import { parseDatasetJson } from "../nnunet/dataset.ts";
import { evaluateFolder, writeSummary } from "../nnunet/evaluation/evaluate_folder.ts";
import type { Summary } from "../nnunet/evaluation/summary.ts";
import { parsePlans } from "../nnunet/plans.ts";
import { addIgnoredProcesses } from "./arguments.ts";
import type { Command } from "./command.ts";
import { DenoStore } from "./deno_store.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

/** Arguments that both evaluating commands have. */
export interface EvaluateArguments {
  gt_folder: string;
  pred_folder: string;
  o?: string;
  chill: boolean;
}

interface Arguments extends EvaluateArguments {
  djfile: string;
  pfile: string;
}

export const command: Command = {
  example: "labelsTs predictions -djfile predictions/dataset.json -pfile predictions/plans.json",
  addArguments(parser: ArgumentParser): void {
    addEvaluateArguments(parser);
    parser.add_argument("-djfile", {
      required: true,
      metavar: "FILE",
      help: "dataset.json: which labels or regions there are",
    });
    parser.add_argument("-pfile", {
      required: true,
      metavar: "FILE",
      help: "plans.json: how the files are read",
    });
  },
  async run(args: Arguments): Promise<void> {
    const store = new DenoStore();
    const text = async (path: string) => new TextDecoder().decode(await store.read(path));
    const datasetJson = parseDatasetJson(await text(args.djfile), args.djfile);
    const plans = parsePlans(await text(args.pfile), args.pfile);
    const summary = await evaluateFolder(store, args.gt_folder, args.pred_folder, {
      datasetJson: { ...datasetJson, overwrite_image_reader_writer: plans.image_reader_writer },
      chill: args.chill,
      onProgress: progressBar(),
    });
    await reportSummary(store, summary, args);
  },
};

/** Declares what both evaluating commands take. */
export function addEvaluateArguments(parser: ArgumentParser): void {
  parser.add_argument("gt_folder", { help: "folder with the true label maps" });
  parser.add_argument("pred_folder", { help: "folder with the predicted label maps" });
  parser.add_argument("-o", {
    metavar: "FILE",
    help: "where the summary is written [default: summary.json in pred_folder]",
  });
  parser.add_argument("--chill", {
    action: "store_true",
    help: "do not mind that predictions are missing",
  });
  addIgnoredProcesses(parser, "-np");
}

/** Writes the summary and prints its means. */
export async function reportSummary(
  store: DenoStore,
  summary: Summary,
  { pred_folder, o }: EvaluateArguments,
): Promise<void> {
  const path = o ?? join(pred_folder, "summary.json");
  await writeSummary(store, path, summary);
  for (const [label, { Dice, IoU }] of Object.entries(summary.mean)) {
    print(`Label ${label}: Dice ${Dice.toFixed(4)}, IoU ${IoU.toFixed(4)}`);
  }
  const cases = summary.metric_per_case.length;
  print(`Mean foreground Dice ${summary.foreground_mean.Dice.toFixed(4)} of ${cases} cases`);
  print(`Written to ${path}`);
}
