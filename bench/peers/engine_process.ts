import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { arrayFile, type Outcome, type Task } from "./task.ts";

/** Work that an engine has prepared: inputs are on its device. */
export interface Work {
  /** Starts it once; the output replaces that of the time before. */
  enqueue(): void | Promise<void>;
  /** Resolves when all that was started is done. */
  wait(): Promise<void>;
  /** The last output, C order in PyTorch's layout. */
  read(): Promise<Float32Array>;
  dispose(): void | Promise<void>;
}

/** One of the engines that are compared. */
export interface Engine {
  /** Name, version, device. */
  description: string;
  /** @throws {Error} that says why, if the engine cannot do this. */
  prepare(task: Task, inputs: Record<string, Float32Array>): Work | Promise<Work>;
}

/** An output that differs by more from ours is not the same computation. */
const TOLERANCE = 1e-4;

/** A first run longer than this, compilation included, is also the last: the rest is small beside it. */
const LONG_MS = 4000;
/** Shorter ones are repeated before the clock is read: waiting for a device costs Deno 10 ms. */
const SHORTEST_MS = 150;
/** Of so many measurements the fastest counts. */
const MEASUREMENTS = 4;

/**
 * Does the tasks in the file that the last argument names, whose arrays lie beside it, and prints an
 * {@linkcode Outcome} each, after a line with the engine's description. `isOurs`: writes the outputs that
 * others are compared with.
 */
export async function runTasks(engine: Engine, { isOurs = false } = {}): Promise<void> {
  const tasksFile = process.argv.at(-1)!;
  const tasks: Task[] = JSON.parse(readFileSync(tasksFile, "utf8"));
  printLine({ engine: engine.description });
  for (const task of tasks) {
    try {
      printLine({ task: task.name, ...await runTask(engine, task, dirname(tasksFile), isOurs) });
    } catch (error) {
      printLine({ task: task.name, reason: firstLine((error as Error).message) });
    }
  }
}

async function runTask(
  engine: Engine,
  task: Task,
  folder: string,
  isOurs: boolean,
): Promise<Omit<Outcome, "task">> {
  const inputs = Object.fromEntries(
    Object.keys(task.inputs).map((
      array,
    ) => [array, readArray(join(folder, arrayFile(task, array)))]),
  );
  const outputFile = join(folder, arrayFile(task, "output"));
  const work = await engine.prepare(task, inputs);
  try {
    const first = await time(work, 1);
    const output = await work.read();
    if (isOurs) writeFileSync(outputFile, new Uint8Array(output.buffer));
    const deviation = compare(output, readArray(outputFile));
    if (!(deviation <= TOLERANCE)) {
      return { deviation, reason: `wrong result: it differs by ${deviation.toPrecision(2)}` };
    }
    return { ...await measure(work, first), deviation };
  } finally {
    await work.dispose();
  }
}

interface Time {
  ms: number;
  cpuMs: number;
}

async function measure(work: Work, first: Time): Promise<Time> {
  if (first.ms > LONG_MS) return first;
  let best = await time(work, 1);
  if (best.ms > LONG_MS / MEASUREMENTS) return best;
  const times = Math.ceil(SHORTEST_MS / best.ms);
  for (let i = 0; i < MEASUREMENTS; i++) {
    const measured = await time(work, times);
    if (measured.ms < best.ms) best = measured;
  }
  return best;
}

/** Of one run among `times`. */
async function time({ enqueue, wait }: Work, times: number): Promise<Time> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < times; i++) await enqueue();
  await wait();
  const ms = (performance.now() - start) / times;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000 / times };
}

function readArray(file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}

/** Largest difference relative to the largest element; NaN where lengths or elements do not compare. */
function compare(output: Float32Array, reference: Float32Array): number {
  if (output.length !== reference.length) return NaN;
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < reference.length; i++) {
    // Math.max hands NaN on.
    difference = Math.max(difference, Math.abs(output[i] - reference[i]));
    scale = Math.max(scale, Math.abs(reference[i]));
  }
  return difference / scale;
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0];
}

function printLine(line: object): void {
  // deno-lint-ignore no-console
  console.log(JSON.stringify(line));
}
