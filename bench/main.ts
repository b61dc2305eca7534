// Speed of the engine: `deno task bench [--json] [part of a name ...]`.
import { openGpu } from "../engine/mod.ts";
import { arithmeticCeiling } from "./arithmetic_ceiling.ts";
import { convolutionCases } from "./convolutions.ts";
import { networkCases } from "./networks.ts";
import { clockName, measure } from "./stopwatch.ts";

interface Result {
  name: string;
  ms: number;
  gflops: number | null;
  /** Of the arithmetic ceiling. */
  share: number | null;
}

const json = Deno.args.includes("--json");
const wanted = Deno.args.filter((argument) => !argument.startsWith("--"));
const gpu = await openGpu();
const cases = [...convolutionCases(gpu), ...networkCases()].filter(({ name }) =>
  wanted.length === 0 || wanted.some((part) => name.includes(part))
);

if (!json) {
  print(`${gpu.info.description || gpu.info.architecture}`);
  print(`ms: ${clockName(gpu)}`);
  print(`share: of arithmetic_ceiling; operations are counted as direct convolution\n`);
  print(row("name", "ms", "GFLOPS", "share", "algorithm"));
}
const ceiling = await arithmeticCeiling(gpu);
report({ name: "arithmetic_ceiling", ...ceiling, share: 1 });
for (const { name, operations, algorithm, prepare } of cases) {
  await prepare(gpu, async (record) => {
    const ms = await measure(gpu, record);
    const gflops = operations === undefined ? null : operations / ms / 1e6;
    report({ name, ms, gflops, share: gflops && gflops / ceiling.gflops }, algorithm);
  });
  await gpu.trim();
}
gpu.destroy();

function report(result: Result, algorithm = ""): void {
  const { name, ms, gflops, share } = result;
  if (json) return print(JSON.stringify(result));
  const percent = share === null ? "" : `${(100 * share).toFixed(0)} %`;
  print(row(name, ms.toFixed(2), gflops?.toFixed(1) ?? "", percent, algorithm));
}

function row(name: string, ms: string, gflops: string, share: string, algorithm: string): string {
  return `${name.padEnd(46)}${ms.padStart(10)}${gflops.padStart(9)}${
    share.padStart(8)
  }  ${algorithm}`
    .trimEnd();
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
