import * as v from "valibot";
import { DataError } from "../errors.ts";
import { parseJsonFile } from "../json_file.ts";
import {
  formatPythonJson,
  fromOrderedEntries,
  orderedEntries,
  parsePythonJson,
} from "../python_json.ts";

/** Keys that one of the older formats has and `dataset.json` of nnU-Net v2 has not. */
export interface OldFormat {
  /** Taken out; each must be there. */
  drop: string[];
  /** Order in which nnU-Net adds its own two keys. */
  add: ("channel_names" | "file_ending")[];
}

/** nnU-Net v1. */
export const OLD_NNUNET: OldFormat = {
  drop: ["tensorImageSize", "numTest", "training", "test"],
  add: ["channel_names", "file_ending"],
};

/** Medical Segmentation Decathlon. */
export const MSD: OldFormat = {
  drop: ["training", "test"],
  add: ["file_ending", "channel_names"],
};

/** A label whose name was changed on the way. */
export interface RenamedLabel {
  from: string;
  to: string;
  value: number;
}

const schema = v.looseObject({
  modality: v.record(v.string(), v.string("expected the name of a channel")),
  labels: v.record(v.string(), v.string("expected the name of a label")),
}, "expected an object with keys");

/**
 * Turns the text of a `dataset.json` of an older format into one of nnU-Net v2: labels by name,
 * `modality` as `channel_names`, keys otherwise in place (spec 01, sections 5.1 and 5.2).
 *
 * Label 0 becomes `background`, which v2 insists on, and names lose blanks around them; nnU-Net
 * keeps both and refuses the result later.
 *
 * @throws {DataError} when a key is missing or a label is not numbered
 */
export function convertOldDatasetJson(
  text: string,
  path: string,
  format: OldFormat,
): { text: string; channels: string[]; renamedLabels: RenamedLabel[] } {
  const { modality, labels } = parseJsonFile(schema, text, path);
  const json = parsePythonJson(text, { keepFloats: true }) as Record<string, unknown>;
  for (const key of format.drop) {
    if (!(key in json)) {
      throw new DataError(`Cannot convert "${path}": the key "${key}" is missing, add it there`);
    }
  }
  const values = orderedEntries(labels).map(([key, name]) => {
    if (!/^\s*[-+]?\d+\s*$/.test(key)) {
      throw new DataError(
        `Cannot convert "${path}": the label "${key}" (${name}) is not a whole number, correct it`,
      );
    }
    return { name, value: Number(key) };
  });
  const taken = values.some(({ name, value }) => value !== 0 && name.trim() === "background");
  const renamedLabels: RenamedLabel[] = [];
  const byName = new Map<string, number>();
  for (const { name, value } of values) {
    const to = value === 0 && !taken ? "background" : name.trim();
    if (to !== name) renamedLabels.push({ from: name, to, value });
    byName.set(to, value);
  }

  const entries = new Map(orderedEntries(json));
  entries.set("labels", fromOrderedEntries(byName));
  const added = {
    channel_names: fromOrderedEntries(orderedEntries(modality)),
    file_ending: ".nii.gz",
  };
  for (const key of format.add) entries.set(key, added[key]);
  for (const key of ["modality", ...format.drop]) entries.delete(key);
  return {
    text: formatPythonJson(fromOrderedEntries(entries)),
    channels: orderedEntries(modality).map(([, name]) => name),
    renamedLabels,
  };
}
