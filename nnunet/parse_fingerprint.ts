import * as v from "valibot";
import type { Fingerprint } from "./fingerprint.ts";
import { parseJsonFile } from "./json_file.ts";

const number = v.number("expected a number");
const threeNumbers = v.pipe(
  v.array(number, "expected a list of numbers"),
  v.length(3, "expected three numbers"),
);
const perCase = v.pipe(
  v.array(threeNumbers, "expected a list with one entry per case"),
  v.minLength(1, "expected at least one case"),
);

const schema = v.looseObject({
  foreground_intensity_properties_per_channel: v.record(
    v.string(),
    v.looseObject({
      max: number,
      mean: number,
      median: number,
      min: number,
      percentile_00_5: number,
      percentile_99_5: number,
      std: number,
    }),
  ),
  median_relative_size_after_cropping: number,
  shapes_after_crop: perCase,
  spacings: perCase,
}, "expected an object with keys");

/**
 * Parses `dataset_fingerprint.json`.
 *
 * @param path where the text comes from, for the messages
 * @throws {DataError} naming the file and the key that is wrong
 */
export function parseFingerprint(text: string, path: string): Fingerprint {
  return parseJsonFile(schema, text, path);
}
