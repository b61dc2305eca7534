// Speed of the engine: `deno task bench [--json] [--runs n] [part of a name ...]`.
import { parseArgs } from "node:util";
import { openGpu } from "../engine/mod.ts";
import { arithmeticCeiling } from "./arithmetic_ceiling.ts";
import type { Case } from "./case.ts";
import { convolutionCases } from "./convolutions.ts";
import { networkCases } from "./networks.ts";
import { nonConvolutionShares, weightedCases } from "./plan_layers.ts";
import { clockName, measure } from "./stopwatch.ts";

interface Result {
  name: string;
  ms: number;
  gflops: number | null;
  /** Of the arithmetic ceiling; of a training step for what is not convolution. */
  share: number | null;
}

const { values: { json, runs }, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, runs: { type: "string", default: "1" } },
});
const gpu = await openGpu();
const networks = networkCases();
const cases = [...convolutionCases(gpu), ...weightedCases(gpu), ...networks].filter(isWanted);
const remainders = nonConvolutionShares(gpu, networks).filter(isWanted);
/** Results of all runs by name. */
const results = new Map<string, Result[]>();

if (!json) {
  print(`${gpu.info.description || gpu.info.architecture}`);
  print(`ms: ${clockName(gpu)}`);
  print(`share: of arithmetic_ceiling; operations are counted as direct convolution`);
  print(`non_convolution_share: of the training step\n`);
  print(row("name", "ms", "GFLOPS", "share", "algorithm, memory"));
}
for (let run = 1; run <= Number(runs); run++) {
  const isLast = run === Number(runs);
  const ceiling = await arithmeticCeiling(gpu);
  note({ name: "arithmetic_ceiling", ...ceiling, share: 1 }, isLast);
  /** Milliseconds in this run. */
  const times = new Map<string, number>();
  const time = async (what: Case) => {
    const { name, operations, algorithm, plannedBytes, prepare } = what;
    await prepare(gpu, async (record) => {
      const ms = await measure(gpu, record);
      times.set(name, ms);
      const gflops = operations === undefined ? null : operations / ms / 1e6;
      const remark = plannedBytes === undefined
        ? algorithm
        : `${mebibytes(gpu.memory().peakBytes)} of ${mebibytes(plannedBytes)} planned`;
      note({ name, ms, gflops, share: gflops && gflops / ceiling.gflops }, isLast, remark);
    });
    await gpu.trim();
  };
  for (const one of cases) await time(one);
  for (const { name, whole, part } of remainders) {
    for (const one of [whole, part]) if (!times.has(one.name)) await time(one);
    const ms = times.get(whole.name)! - times.get(part.name)!;
    note({ name, ms, gflops: null, share: ms / times.get(whole.name)! }, isLast);
  }
}
gpu.destroy();

function isWanted({ name }: { name: string }): boolean {
  return wanted.length === 0 || wanted.some((part) => name.includes(part));
}

/** Keeps a result; after the last run prints the run with the median share, and the spread. */
function note(result: Result, isLast: boolean, remark = ""): void {
  const all = [...results.get(result.name) ?? [], result];
  results.set(result.name, all);
  if (!isLast) return;
  const sorted = all.toSorted((a, b) => a.ms - b.ms);
  const { name, ms, gflops, share } = sorted[sorted.length >> 1];
  if (json) return print(JSON.stringify({ name, ms, gflops, share }));
  const percent = (value: number) => (100 * value).toFixed(0);
  const shares = all.map((one) => one.share ?? 0).toSorted((a, b) => a - b);
  const spread = all.length > 1 ? ` (${percent(shares[0])}–${percent(shares.at(-1)!)})` : "";
  const shown = share === null ? "" : `${percent(share)} %${spread}`;
  print(row(name, ms.toFixed(2), gflops?.toFixed(1) ?? "", shown, remark));
}

function row(name: string, ms: string, gflops: string, share: string, remark: string): string {
  return `${name.padEnd(46)}${ms.padStart(10)}${gflops.padStart(9)}${share.padStart(16)}  ${remark}`
    .trimEnd();
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
