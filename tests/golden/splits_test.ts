import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { compareCodePoints } from "../../nnunet/code_points.ts";
import { DataError } from "../../nnunet/errors.ts";
import {
  createSplits,
  formatSplits,
  overlap,
  parseSplits,
  selectFold,
  type Split,
} from "../../nnunet/splits.ts";
import { goldenNames, goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

const others = (n: number, taken: number[]) =>
  Array.from({ length: n }, (_, i) => i).filter((i) => !taken.includes(i));

goldenTest("splits", "every number of cases is split as nnU-Net splits it", () => {
  for (const { n, val, random_80_20 } of readGoldenJson("splits", "splits.json").counts) {
    const names = Array.from({ length: n }, (_, i) => `case_${String(i).padStart(3, "0")}`);
    const pick = (indices: number[]) => indices.map((i) => names[i]);
    const splits = createSplits(names);
    const expected = val.map((held: number[]) => ({
      train: pick(others(n, held)),
      val: pick(held),
    }));
    assert.deepEqual(splits, expected, `${n} cases`);
    for (const { fold, train } of random_80_20) {
      assert.deepEqual(
        selectFold(splits, fold, names),
        { train: pick(train), val: pick(others(n, train)) },
        `${n} cases, fold ${fold}`,
      );
    }
  }
});

goldenTest("splits", "names of every kind sort and split as in nnU-Net", () => {
  for (const list of readGoldenJson("splits", "splits.json").lists) {
    const identifiers: string[] = list.get_identifiers_sorted;
    const shuffled = [...identifiers].reverse();
    assert.deepEqual([...shuffled].sort(compareCodePoints), identifiers, list.name);
    const all = selectFold([], "all", shuffled);
    assert.deepEqual(all, { train: identifiers, val: identifiers }, list.name);
    if (list.error) {
      assert.throws(() => createSplits(shuffled), DataError, list.name);
      continue;
    }
    const splits = createSplits(shuffled);
    assert.deepEqual(splits, list.splits_final, list.name);
    if (list.splits_final_text) assert.equal(formatSplits(splits), list.splits_final_text);
    for (const expected of list.folds) compareFold(splits, expected, shuffled, list.name);
  }
});

goldenTest("splits", "a file that is there is used as nnU-Net uses it", () => {
  const cases = readGoldenJson("splits", "splits.json").existing_file;
  // nnU-Net stumbles over a malformed file only where it looks; we refuse the file.
  const malformed = new Set(
    cases.filter((c: { error?: unknown }) => c.error).map((c: { name: string }) => c.name),
  );
  for (const { name, identifiers, splits_final, result } of cases) {
    const text = JSON.stringify(splits_final);
    if (malformed.has(name)) assert.throws(() => parseSplits(text, "splits_final.json"), DataError);
    else compareFold(parseSplits(text, "splits_final.json"), result, identifiers, name);
  }
});

goldenTest("preprocessing", "splits_final.json of whole datasets, as text", () => {
  const files = goldenNames("preprocessing").map((name) => ["preprocessing", name]);
  for (const folder of [...files, ["hippocampus", "plans"]]) {
    const path = goldenPath(...folder, "splits_final.json");
    if (!existsSync(path)) continue;
    const text = Deno.readTextFileSync(path);
    const [first] = parseSplits(text, path);
    assert.equal(formatSplits(createSplits([...first.train, ...first.val])), text, path);
  }
});

interface GoldenFold extends Split {
  fold: number | "all";
  overlap_warning: boolean;
}

function compareFold(splits: Split[], golden: GoldenFold, identifiers: string[], what: string) {
  const { fold, overlap_warning, train, val } = golden;
  const { train: ourTrain, val: ourVal } = selectFold(splits, fold, identifiers);
  assert.deepEqual({ train: ourTrain, val: ourVal }, { train, val }, `${what}, fold ${fold}`);
  assert.equal(overlap({ train, val }).length > 0, overlap_warning, `${what}, fold ${fold}`);
}
