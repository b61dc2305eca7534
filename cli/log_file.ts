import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { print } from "./print.ts";

/**
 * The text log of one training run, `training_log_{Y}_{M}_{D}_{hh}_{mm}_{ss}.txt` in the fold's
 * folder, as nnU-Net writes it (spec 05, section 8): other tools parse these lines. Every line goes
 * to the screen too.
 */
export class LogFile {
  readonly path: string;

  /** Opens the log of a run that begins at `begin`; makes missing folders. */
  constructor(foldFolder: string, begin: Date = new Date()) {
    mkdirSync(foldFolder, { recursive: true });
    const date = [begin.getFullYear(), begin.getMonth() + 1, begin.getDate()];
    const time = [begin.getHours(), begin.getMinutes(), begin.getSeconds()].map((n) => pad(n, 2));
    this.path = join(foldFolder, `training_log_${[...date, ...time].join("_")}.txt`);
  }

  /** Appends a line with a time stamp: `2026-01-31 09:05:00.123456: Epoch 0 `. */
  write(line: string, at: Date = new Date()): void {
    // The trailing blank is nnU-Net's, too.
    const stamped = `${timestamp(at)}: ${line} `;
    this.#append(stamped);
    print(stamped);
  }

  /** Appends a line as it is, e.g. of the citation notice or of the configuration. */
  writePlain(line: string): void {
    this.#append(line);
    print(line);
  }

  #append(line: string): void {
    // Opened anew for each line: the file is complete after a crash and survives being moved.
    Deno.writeTextFileSync(this.path, `${line}\n`, { append: true });
  }
}

/** Local time as Python prints a datetime. */
function timestamp(at: Date): string {
  const date = [at.getFullYear(), pad(at.getMonth() + 1, 2), pad(at.getDate(), 2)].join("-");
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => pad(n, 2)).join(":");
  return `${date} ${time}.${pad(at.getMilliseconds() * 1000, 6)}`;
}

function pad(n: number, digits: number): string {
  return String(n).padStart(digits, "0");
}
