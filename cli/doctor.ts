import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { openGpu } from "../engine/request_gpu.ts";
import type { ConvolutionChoices } from "../engine/mod.ts";
import type { Gpu } from "../engine/gpu.ts";
import { NoAdapterError } from "../engine/errors.ts";
import type { Command } from "./command.ts";
import { loadConvolutionChoices } from "./convolution_choices.ts";
import { print } from "./print.ts";
import { formatDuration } from "./progress_bar.ts";
import { epochOperations, exampleConfiguration, measureConvolution } from "./training_cost.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Where Vulkan's loader looks for drivers on Linux. */
const DRIVER_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** PCI and Khronos vendor numbers, which some hosts give in place of a name. */
const VENDORS: Record<string, string> = {
  4098: "AMD",
  4203: "Apple",
  4318: "NVIDIA",
  5045: "ARM",
  20803: "Qualcomm",
  32902: "Intel",
  65541: "Mesa",
};

export const command: Command = {
  example: "",
  addArguments() {},
  async run() {
    print(
      `Program   Deno ${Deno.version.deno} on ${Deno.build.os} ${Deno.build.arch}, ${computer()}`,
    );
    let gpu: Gpu;
    try {
      gpu = await openGpu();
    } catch (error) {
      if (error instanceof NoAdapterError) explainMissingAdapter().forEach((line) => print(line));
      throw error;
    }
    describeAdapter(gpu).forEach((line) => print(line));
    describeChoices(await loadConvolutionChoices(gpu)).forEach((line) => print(line));
    (await describeSpeed(gpu)).forEach((line) => print(line));
    gpu.destroy();
  },
};

function computer(): string {
  const cores = availableParallelism();
  return `${cores} ${cores === 1 ? "core" : "cores"}, ${gibibytes(totalmem())} memory`;
}

/** What the device is and what its limits and features mean for this program, line by line. */
export function describeAdapter(gpu: Gpu): string[] {
  const { info, limits, device } = gpu;
  const vendor = VENDORS[info.vendor] ?? info.vendor;
  return [
    `Adapter   ${[info.description, info.architecture].filter(Boolean).join(", ") || "unnamed"}`,
    `Vendor    ${vendor || "not told"}`,
    `Drivers   ${drivers().join(", ") || "not told by this system"}`,
    info.software
      ? "          This is a software adapter: everything works, but far slower than on a graphics card"
      : "          This is a graphics card",
    "",
    "Limits    of this adapter, and what they mean here",
    ...table([
      [
        "largest buffer",
        gibibytes(limits.maxBufferSize),
        `a feature map of 32 channels up to ${largestCube(limits.maxBufferSize)}`,
      ],
      [
        "largest binding",
        gibibytes(limits.maxStorageBufferBindingSize),
        `the same for what a kernel sees at once: ${
          largestCube(limits.maxStorageBufferBindingSize)
        }`,
      ],
      [
        "threads per workgroup",
        String(limits.maxComputeInvocationsPerWorkgroup),
        verdict(limits.maxComputeInvocationsPerWorkgroup >= 256, "256 are needed"),
      ],
      [
        "workgroup memory",
        `${limits.maxComputeWorkgroupStorageSize / 1024} KiB`,
        verdict(limits.maxComputeWorkgroupStorageSize >= 16384, "16 KiB are needed"),
      ],
      [
        "buffers per kernel",
        String(limits.maxStorageBuffersPerShaderStage),
        verdict(limits.maxStorageBuffersPerShaderStage >= 8, "8 are needed"),
      ],
    ]),
    "",
    "Features",
    ...table([
      feature(
        info.subgroups,
        "subgroups",
        "sums and products within a group of threads are faster",
      ),
      feature(
        device.features.has("timestamp-query"),
        "timestamp-query",
        "benches time each kernel",
      ),
    ]),
  ];
}

/** Which algorithm was measured to be fastest for each convolution that was trained here. */
export function describeChoices(measured: ConvolutionChoices | undefined): string[] {
  const rows = Object.entries(measured?.choices ?? {});
  if (rows.length === 0) return [];
  return [
    "",
    "Convolutions, measured when they were first trained here (milliseconds)",
    ...table(rows.map(([name, { algorithm, milliseconds }]) => [
      name,
      algorithm,
      Object.entries(milliseconds).map(([other, ms]) => `${other} ${ms.toFixed(2)}`).join(", "),
    ])),
  ];
}

/** How fast the convolution is that matters most, and what that means for a training. */
async function describeSpeed(gpu: Gpu): Promise<string[]> {
  const perSecond = await measureConvolution(gpu);
  const { patch_size, batch_size } = exampleConfiguration();
  const epoch = epochOperations(exampleConfiguration()) / perSecond;
  return [
    "",
    `Speed     ${(perSecond / 1e9).toFixed(0)} GFLOP/s, measured: convolution 3 x 3 x 3, ` +
    "32 to 32 features, 40 x 56 x 40 voxels",
    `          At that speed an epoch takes about ${
      formatDuration(epoch)
    } with the standard plan ` +
    `of the hippocampus example`,
    `          (3d_fullres, patch ${patch_size.join(" x ")}, batch of ${batch_size}); ` +
    "a whole training has 1000, shorter ones do too (-tr)",
  ];
}

function feature(present: boolean, name: string, use: string): string[] {
  return [name, present ? "yes" : "no", present ? use : `not needed; with it ${use}`];
}

function verdict(enough: boolean, need: string): string {
  return enough ? `enough: ${need}` : `too few: ${need}`;
}

/** Edge of the largest cube that fits as float32 map of 32 channels, as in a first stage. */
function largestCube(bytes: number): string {
  const edge = Math.floor(Math.cbrt(bytes / (4 * 32)));
  return `${edge} x ${edge} x ${edge} voxels`;
}

/** Says what this machine lacks, as far as its files tell. */
function explainMissingAdapter(): string[] {
  if (Deno.build.os !== "linux") {
    return ["Adapter   none: this Deno finds no graphics driver"];
  }
  const installed = drivers();
  const loader = ["/usr/lib", "/usr/lib64", "/lib"].some((folder) =>
    existsSync(folder) &&
    [folder, ...subfolders(folder)].some((f) => existsSync(`${f}/libvulkan.so.1`))
  );
  const lines = ["Adapter   none"];
  if (!loader) lines.push("          The Vulkan loader is missing: apt install libvulkan1");
  if (installed.length === 0) {
    lines.push(
      "          No Vulkan driver is installed: that of the card's maker, or the software one " +
        "(apt install mesa-vulkan-drivers)",
    );
  } else {
    lines.push(
      `          Vulkan drivers are installed (${installed.join(", ")}), none of them works`,
    );
  }
  if (existsSync("/proc/driver/nvidia/version") && !installed.some((d) => /nvidia/i.test(d))) {
    lines.push(
      "          An NVIDIA card is there without its Vulkan driver: in a container, start it with " +
        "NVIDIA_DRIVER_CAPABILITIES=all",
    );
  }
  return lines;
}

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).filter((e) => e.isDirectory())
    .map((e) => `${folder}/${e.name}`);
}

/** The driver's version where the system tells, else which Vulkan drivers are installed. */
function drivers(): string[] {
  if (Deno.build.os !== "linux") return [];
  const nvidia = "/proc/driver/nvidia/version";
  const version = existsSync(nvidia) ? [readFileSync(nvidia, "utf8").split("\n")[0]] : [];
  const files = DRIVER_FOLDERS.filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder)).filter((name) => name.endsWith(".json"));
  return [...version, ...files.map((name) => name.replace(/(_icd)?(\.\w+)?\.json$/, ""))];
}

function gibibytes(bytes: number): string {
  return bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.round(bytes / MIB)} MiB`;
}

function table(rows: string[][]): string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map(([a, b, c]) =>
    `          ${a.padEnd(widths[0])}  ${b.padStart(widths[1])}  ${c}`
  );
}
