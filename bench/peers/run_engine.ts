import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Outcome, Task } from "./task.ts";

/** Program and arguments that start an engine's process; the file with the tasks follows. */
export type EngineCommand = readonly [string, ...string[]];

/** Loading, and getting packages the first time. */
const STARTING_SECONDS = 120;
/** For one task, compilation included. */
const TASK_SECONDS = 20;

/**
 * Has an engine do tasks in a process of its own, which is started anew after a task that ends it or
 * takes too long. Arrays lie in `folder`.
 *
 * @param described is told name and device of the engine
 * @param done is told each outcome; every task gets one
 */
export async function runEngine(
  [program, ...args]: EngineCommand,
  tasks: readonly Task[],
  folder: string,
  { described, done }: {
    described: (description: string) => void;
    done: (outcome: Outcome) => void;
  },
): Promise<void> {
  const tasksFile = join(folder, "tasks.json");
  let rest = [...tasks];
  while (rest.length > 0) {
    writeFileSync(tasksFile, JSON.stringify(rest));
    const child = spawn(program, [...args, tasksFile], { stdio: ["ignore", "pipe", "pipe"] });
    let isStarted = false;
    const deadline = new Deadline(child, STARTING_SECONDS);
    createInterface(child.stdout).on("line", (text) => {
      // Engines print notes of their own.
      if (!/^\{"(engine|task)"/.test(text)) return;
      const line: { engine: string } | Outcome = JSON.parse(text);
      isStarted = true;
      deadline.set(TASK_SECONDS);
      if ("engine" in line) {
        described(line.engine);
      } else {
        rest = rest.filter(({ name }) => name !== line.task);
        done(line);
      }
    });
    const end = await endOf(child);
    deadline.clear();
    const why = deadline.isPassed
      ? { reason: `no result within ${TASK_SECONDS} s`, givenUpMs: 1000 * TASK_SECONDS }
      : { reason: end };
    // What the process ended at; everything if it did not even start.
    const unfinished = isStarted ? rest.slice(0, 1) : rest;
    for (const { name } of unfinished) done({ task: name, ...why });
    rest = rest.slice(unfinished.length);
  }
}

/** Ends a process that takes too long. */
class Deadline {
  isPassed = false;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(readonly child: ChildProcess, seconds: number) {
    this.set(seconds);
  }

  set(seconds: number): void {
    this.clear();
    this.#timer = setTimeout(() => {
      this.isPassed = true;
      this.child.kill("SIGKILL");
    }, 1000 * seconds);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

/** Waits for the end of a process; what it says about it. */
async function endOf(child: ChildProcess): Promise<string> {
  let errors = "";
  child.stderr!.on("data", (text) => errors += text);
  try {
    const [code] = await once(child, "close");
    return `ended with code ${code}: ${lastError(errors)}`;
  } catch (error) {
    return `cannot start: ${(error as Error).message}`;
  }
}

/** The line that names the error, of what Deno or Python print about one that nobody caught. */
function lastError(errors: string): string {
  // deno-lint-ignore no-control-regex
  const lines = errors.replace(/\x1b\[[\d;]*m/g, "").trim().split("\n");
  return lines.findLast((line) => /^(error: |\w*(Error|Exception)\b)/.test(line)) ?? lines.at(-1)!;
}
