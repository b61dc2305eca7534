import * as v from "valibot";
import { compareCodePoints } from "./code_points.ts";
import { DataError } from "./errors.ts";
import { parseJsonFile } from "./json_file.ts";
import { RandomState } from "./numerics/random_state.ts";
import { formatPythonJson } from "./python_json.ts";

/** The case identifiers of one fold. */
export interface Split {
  train: string[];
  val: string[];
}

const FOLDS = 5;
const SEED = 12345;

const schema = v.array(
  v.looseObject({
    train: v.array(v.string(), "expected a list of case identifiers"),
    val: v.array(v.string(), "expected a list of case identifiers"),
  }, 'expected an object with "train" and "val"'),
  "expected a list of folds",
);

/**
 * The 5-fold split that nnU-Net makes at the first training (scikit-learn's shuffled `KFold`, seed
 * 12345; spec 01, section 6.2).
 *
 * @param identifiers of all cases, in any order
 * @throws {DataError} for fewer cases than folds
 */
export function createSplits(identifiers: string[]): Split[] {
  const sorted = [...identifiers].sort(compareCodePoints);
  const n = sorted.length;
  if (n < FOLDS) {
    throw new DataError(
      `Cannot split ${n} cases into ${FOLDS} folds: at least ${FOLDS} are needed, add cases, ` +
        `train fold "all", or write a splits_final.json`,
    );
  }
  const order = new RandomState(SEED).permutation(n);
  let begin = 0;
  return Array.from({ length: FOLDS }, (_, fold) => {
    const end = begin + Math.floor(n / FOLDS) + (fold < n % FOLDS ? 1 : 0);
    const held = new Set(order.slice(begin, end));
    begin = end;
    return {
      train: sorted.filter((_, i) => !held.has(i)),
      val: sorted.filter((_, i) => held.has(i)),
    };
  });
}

/**
 * The cases of one fold as nnU-Net's trainer takes them (spec 01, section 6.3): from the splits; for
 * a fold beyond them a random 80:20 split of its own, training cases in random order; for `"all"`
 * every case in both.
 *
 * @param identifiers of all preprocessed cases, in any order
 */
export function selectFold(
  splits: Split[],
  fold: number | "all",
  identifiers: string[],
): Split {
  const sorted = [...identifiers].sort(compareCodePoints);
  if (fold === "all") return { train: sorted, val: sorted };
  if (fold < splits.length) return splits[fold];
  const count = Math.floor(sorted.length * 0.8);
  const chosen = new RandomState(SEED + fold).choice(sorted.length, count, { replace: false });
  const train = new Set(chosen);
  return {
    train: chosen.map((i) => sorted[i]),
    val: sorted.filter((_, i) => !train.has(i)),
  };
}

/** Cases that a fold both trains and validates on; nnU-Net warns of them. */
export function overlap({ train, val }: Split): string[] {
  const trained = new Set(train);
  return val.filter((identifier) => trained.has(identifier));
}

/** Text of `splits_final.json` as nnU-Net writes it. */
export function formatSplits(splits: Split[]): string {
  return formatPythonJson(splits, { sortKeys: true });
}

/**
 * Parses `splits_final.json`.
 *
 * @param path where the text comes from, for the messages
 * @throws {DataError} naming the file and what is wrong in it
 */
export function parseSplits(text: string, path: string): Split[] {
  return parseJsonFile(schema, text, path);
}

/**
 * Checks that the splits which came with the raw data are those already in use: every fold must
 * have the same cases, the splits in use may have further folds (nnU-Net's
 * `_maybe_copy_splits_file`).
 *
 * @throws {DataError} naming the first fold that differs
 */
export function checkSplitsAgree(raw: Split[], used: Split[], rawPath: string, usedPath: string) {
  const same = (a: string[], b: string[] | undefined) =>
    b !== undefined && [...new Set(a)].sort().join("\n") === [...new Set(b)].sort().join("\n");
  const fold = raw.findIndex((split, i) =>
    !same(split.train, used[i]?.train) || !same(split.val, used[i]?.val)
  );
  if (fold === -1) return;
  throw new DataError(
    `Cannot use "${rawPath}": its fold ${fold} differs from that of "${usedPath}", remove the one ` +
      `that is wrong`,
  );
}
