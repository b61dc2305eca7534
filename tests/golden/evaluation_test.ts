import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { DenoStore } from "../../cli/deno_store.ts";
import { parseDatasetJson } from "../../nnunet/dataset.ts";
import { DataError } from "../../nnunet/errors.ts";
import { evaluateFolder, evaluateFolderSimple } from "../../nnunet/evaluation/evaluate_folder.ts";
import { formatSummary, parseSummary, type Summary } from "../../nnunet/evaluation/summary.ts";
import { goldenNames, goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

interface Call {
  command: string;
  outcome: "ok" | "error";
  /** The summary that the command left behind. */
  writes?: string;
}

/** Runs what an `nnUNetv2_evaluate_…` command line asks for. */
async function evaluate(set: string, command: string): Promise<Summary> {
  const store = new DenoStore(goldenPath("evaluation", set));
  const [program, reference, prediction, ...rest] = command.split(/\s+/);
  const flags = new Map<string, string[]>();
  for (const word of rest) {
    if (/^-+[a-z]/.test(word)) flags.set(word, []);
    else [...flags.values()].at(-1)!.push(word);
  }
  const chill = flags.has("--chill");
  if (program === "nnUNetv2_evaluate_simple") {
    const labels = flags.get("-l")!.map(Number);
    const ignoreLabel = flags.has("-il") ? Number(flags.get("-il")![0]) : undefined;
    return await evaluateFolderSimple(store, reference, prediction, { labels, ignoreLabel, chill });
  }
  const [path] = flags.get("-djfile")!;
  const text = new TextDecoder().decode(await store.read(path));
  const datasetJson = parseDatasetJson(text, path);
  return await evaluateFolder(store, reference, prediction, { datasetJson, chill });
}

for (const set of goldenNames("evaluation")) {
  const calls: Call[] = readGoldenJson("evaluation", set, "calls.json");
  for (const { command, outcome, writes } of calls) {
    goldenTest("evaluation", `${set}: ${command}`, async () => {
      if (outcome === "error") {
        await assert.rejects(evaluate(set, command), DataError);
        return;
      }
      const summary = await evaluate(set, command);
      const expected = readFileSync(goldenPath("evaluation", set, writes!), "utf8");
      assert.deepEqual(summary, parseSummary(expected, writes!));
      assert.equal(formatSummary(summary), expected, "the text is equal to the last character");
    });
  }
}
