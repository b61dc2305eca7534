import type { ArgumentParser } from "argparse";
import {
  checkDataset,
  type CheckReport,
  finishRepair,
  type Problem,
  repair,
} from "../nnunet/dataset_check/check_dataset.ts";
import { DataError } from "../nnunet/errors.ts";
import { type Command, PROGRAM } from "./command.ts";
import { findDataset } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

interface Arguments {
  d: string;
  fix: boolean;
  patient?: string;
  no_pbar: boolean;
  verbose: boolean;
}

/** Lines of one kind of problem that are shown without `--verbose`. */
const SHOWN = 5;

export const command: Command = {
  example: "check -d 4 --fix",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("action", {
      choices: ["check"],
      help: "look for all that is wrong with a raw dataset",
    });
    parser.add_argument("-d", {
      required: true,
      metavar: "DATASET",
      help: "dataset, by id or name",
    });
    parser.add_argument("--fix", {
      action: "store_true",
      help: "do what the table offers; without it nothing is changed",
    });
    parser.add_argument("--patient", {
      metavar: "REGEX",
      help: "finds the patient in a case's name, e.g. '^[a-z]+\\d+': cases of one patient must " +
        "stay on one side of a split [default: a guess]",
    });
    parser.add_argument("--no_pbar", { action: "store_true", help: "show no progress" });
  },
  async run(args: Arguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const name = await findDataset(store, folders, args.d);
    const folder = `${folders.raw}/${name}`;
    if (!await store.stat(folder)) {
      throw new DataError(`Cannot check "${name}": there is no "${folder}", check the id`);
    }
    if (await finishRepair(store, folder)) print(`${name}: completed an interrupted repair`);
    const { preprocessed } = folders.known;
    const signal = interruptSignal("no file is left half-changed");
    const check = () =>
      checkDataset(store, folder, {
        preprocessedFolder: preprocessed && `${preprocessed}/${name}`,
        patient: args.patient,
        environment: Deno.env.toObject(),
        onProgress: progressBar({ disabled: args.no_pbar }),
        signal,
      });
    let report = await check();
    formatReport(name, report, { all: args.verbose }).forEach((line) => print(line));
    if (args.fix && report.repairs.length > 0) {
      await repair(store, folder, report.repairs);
      report = await check();
      print();
      print(`Repaired. What is left:`);
      formatReport(name, report, { all: args.verbose }).forEach((line) => print(line));
    }
    const errors = report.problems.filter(({ severity }) => severity === "error");
    if (errors.length === 0) return;
    const fixable = errors.filter(({ fix }) => fix).length;
    throw new DataError(
      `Cannot train with ${name}: ${count(errors.length, "error")} above, ` +
        (fixable > 0
          ? `"${PROGRAM} dataset check -d ${args.d} --fix" repairs ${fixable}`
          : "correct them by hand"),
    );
  },
};

/** The table of a report, the worst first. */
export function formatReport(
  name: string,
  { cases, problems }: Pick<CheckReport, "cases" | "problems">,
  { all }: { all: boolean },
): string[] {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const summary = problems.length === 0
    ? "nothing wrong"
    : `${count(errors, "error")}, ${count(problems.length - errors, "warning")}`;
  const shown = problems.filter((problem) => {
    const before = problems.filter((other) => isAlike(problem, other)).indexOf(problem);
    return all || before < SHOWN;
  });
  const width = (of: (problem: Problem) => string) => Math.max(...shown.map((p) => of(p).length));
  const [kindWidth, whereWidth] = [width(({ kind }) => kind), width(({ where }) => where)];
  const lines = [`${name}: ${count(cases, "case")}, ${summary}`];
  for (const [i, problem] of shown.entries()) {
    const { severity, kind, where, found, fix, advice } = problem;
    const cure = fix ? `--fix: ${fix}` : advice ? `you: ${advice}` : "";
    const columns = [severity.padEnd(7), kind.padEnd(kindWidth), where.padEnd(whereWidth), found];
    lines.push(`  ${columns.join("  ")}`);
    const next = shown[i + 1];
    const isSame = next && isAlike(problem, next) && next.fix === fix && next.advice === advice;
    if (isSame) continue;
    const indent = " ".repeat(2 + 7 + 2 + kindWidth + 2 + whereWidth + 2);
    const more = problems.filter((other) => isAlike(problem, other)).length -
      shown.filter((other) => isAlike(problem, other)).length;
    const isLast = !next || !isAlike(problem, next);
    if (more > 0 && isLast) lines.push(`${indent}… and ${more} more (--verbose shows all)`);
    if (cure) lines.push(`${indent}→ ${cure}`);
  }
  return lines;
}

function isAlike(a: Problem, b: Problem): boolean {
  return a.kind === b.kind && a.severity === b.severity;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
