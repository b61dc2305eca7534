// Speed beside other engines: `deno task bench:peers [--json | --markdown] [part of a name ...]`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { formatMarkdown, formatTable, type Row } from "./report.ts";
import { type EngineCommand, runEngine } from "./run_engine.ts";
import { arrayFile, type Outcome, sizeOf, type Task } from "./task.ts";
import { peerTasks } from "./tasks.ts";

const HERE = import.meta.dirname!;

/** The first is ours: it makes what the others are compared with. */
const ENGINES: Record<string, EngineCommand> = {
  "ours": deno("ours.ts", "../../deno.json"),
  "tfjs": peer("tfjs.ts"),
  "jax-js": peer("jax_js.ts"),
  "onnx webgpu": peer("onnx_runtime.ts", "webgpu"),
  "onnx wasm": peer("onnx_runtime.ts", "wasm"),
  "pytorch": [process.env.PEERS_PYTHON ?? "python3", join(HERE, "engines/pytorch.py")],
};

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const tasks = peerTasks().filter(({ name }) =>
  wanted.length === 0 || wanted.some((part) => name.includes(part))
);
const folder = mkdtempSync(join(tmpdir(), "peers_"));
try {
  tasks.forEach(writeInputs);
  const rows: Row[] = [];
  const descriptions: string[] = [];
  for (const [engine, command] of Object.entries(ENGINES)) {
    await runEngine(command, tasks, folder, {
      described(description) {
        const text = `${engine}: ${description}`;
        if (!descriptions.includes(text)) descriptions.push(text);
        note(text);
      },
      done: (outcome) => {
        rows.push(makeRow(engine, outcome, rows));
        note(`  ${outcome.task}: ${outcome.reason ?? `${outcome.ms!.toFixed(1)} ms`}`);
      },
    });
  }
  print(format(descriptions, rows));
} finally {
  rmSync(folder, { recursive: true });
}

function deno(script: string, config: string, ...args: string[]): EngineCommand {
  const file = join(HERE, script);
  return [process.execPath, "run", "-A", "--config", join(HERE, config), file, ...args];
}

/** Its packages are those of a deno.json of their own. */
function peer(script: string, ...args: string[]): EngineCommand {
  return deno(`engines/${script}`, "engines/deno.json", ...args);
}

/** Noise in [-0.5, 0.5), in all arrays. */
function writeInputs(task: Task): void {
  for (const [array, shape] of Object.entries(task.inputs)) {
    const elements = Float32Array.from({ length: sizeOf(shape) }, () => Math.random() - 0.5);
    writeFileSync(join(folder, arrayFile(task, array)), new Uint8Array(elements.buffer));
  }
}

function makeRow(engine: string, outcome: Outcome, rows: readonly Row[]): Row {
  const { ms, cpuMs, givenUpMs } = outcome;
  const { operations } = tasks.find(({ name }) => name === outcome.task)!;
  const ours = rows.find(({ task }) => task === outcome.task);
  const ratio = (theirs?: number, ourTime?: number) => theirs && ourTime && theirs / ourTime;
  return {
    engine,
    ...outcome,
    gflops: ms && operations / ms / 1e6,
    ratio: ratio(ms ?? givenUpMs, ours?.ms),
    cpuRatio: ratio(cpuMs, ours?.cpuMs),
  };
}

function format(engines: readonly string[], rows: readonly Row[]): string {
  const byTask = tasks.flatMap(({ name }) => rows.filter(({ task }) => task === name));
  if (process.argv.includes("--json")) return byTask.map((row) => JSON.stringify(row)).join("\n");
  if (process.argv.includes("--markdown")) return formatMarkdown(engines, byTask);
  return formatTable(engines, byTask);
}

/** What is done so far, beside the table. */
function note(text: string): void {
  // deno-lint-ignore no-console
  console.error(text);
}

function print(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
