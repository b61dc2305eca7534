import assert from "node:assert/strict";
import { datasetId, datasetName, findDatasetNames } from "../../nnunet/dataset.ts";
import { DataError } from "../../nnunet/errors.ts";
import { goldenTest, readGoldenJson } from "../support/golden.ts";

interface Outcome<T> {
  result?: T;
  error?: unknown;
}

/** Forms of numbers that only Python's `int` accepts: underscores and digits of other scripts. */
const isPythonOnly = (input: unknown) =>
  typeof input === "string" && (/\d_\d/.test(input.slice(0, 10)) || /\P{ASCII}/u.test(input));

function compare<T>(expected: Outcome<T> | undefined, act: () => T, what: string): void {
  if (!expected) return;
  if (expected.error) assert.throws(act, DataError, what);
  else assert.deepEqual(act(), expected.result, what);
}

goldenTest("names", "ids lead to the names that nnU-Net finds", () => {
  const { worlds, lookups, name_to_id } = readGoldenJson("names", "names.json");
  for (const lookup of lookups) {
    if (isPythonOnly(lookup.input)) continue;
    const world: Record<string, string[] | string | null> = worlds[lookup.world];
    const folders = Object.values(world)
      .flatMap((names) => Array.isArray(names) ? names : [])
      .filter((name) => !name.startsWith("FILE:"));
    const what = `${lookup.world} ${JSON.stringify(lookup.input)}`;
    compare(lookup.maybe_convert_to_dataset_name, () => datasetName(lookup.input, folders), what);
    compare(lookup.convert_id_to_dataset_name, () => datasetName(lookup.input, folders), what);
    compare(lookup.find_candidate_datasets, () => findDatasetNames(lookup.input, folders), what);
  }
  for (const { input, convert_dataset_name_to_id } of name_to_id) {
    if (isPythonOnly(input)) continue;
    compare(convert_dataset_name_to_id, () => datasetId(input), input);
  }
});
