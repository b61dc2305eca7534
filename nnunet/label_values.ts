import { encode } from "fast-png";
import type { DatasetJson } from "./dataset.ts";
import { DataError } from "./errors.ts";
import type { ImageProperties, MedicalImage } from "./imageio/image.ts";
import { type ReaderName, writeSeg } from "./imageio/mod.ts";
import { orderedEntries } from "./python_json.ts";
import type { Store } from "./store.ts";

/** What the user's own files hold for a label: a number, or a colour as `#rrggbb`. */
export type StoredValue = number | string;

/** A label map as the user stores it, before its values become 0 to n. */
export interface StoredLabels {
  /** One a voxel; a colour is `red << 16 | green << 8 | blue`. */
  values: Float32Array | Uint32Array;
  isColour: boolean;
  /** z, y, x. */
  shape: [number, number, number];
}

/** Values that a label map can be written with. */
const LARGEST_VALUE = 0xffff;
/** More values than any label map has; what has more is a scan or a lossy copy. */
const MOST_VALUES = 1024;
const GREY = 0x010101;

/**
 * Label values of a segmentation that a reader returned. A picture with three or four channels holds
 * colours (transparency is not looked at), unless all of them are grey.
 *
 * @param path of the file, for the messages
 * @throws {DataError} when it has several channels that are no colours
 */
export function storedLabels(
  path: string,
  { data, shape: [channels, ...shape], properties }: MedicalImage,
): StoredLabels {
  if (channels === 1) return { values: data, isColour: false, shape };
  const isPicture = !properties.sitk_stuff && !properties.nibabel_stuff && shape[0] === 1;
  if (!isPicture || channels < 3) {
    throw new DataError(
      `Cannot use "${path}" as a label map: it has ${channels} channels, save one value per voxel`,
    );
  }
  const count = data.length / channels;
  const values = new Uint32Array(count);
  let isColour = false;
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [data[i], data[count + i], data[2 * count + i]];
    isColour ||= red !== green || green !== blue;
    values[i] = red << 16 | green << 8 | blue;
  }
  if (isColour) return { values, isColour, shape };
  return { values: data.subarray(0, count), isColour, shape };
}

/**
 * Voxels by value.
 *
 * @throws {DataError} when a value cannot be a label: no whole number, out of range, or one of too
 * many
 */
export function countValues(path: string, { values, isColour }: StoredLabels): Map<number, number> {
  const counts = new Map<number, number>();
  for (let begin = 0; begin < values.length;) {
    const value = values[begin];
    let end = begin + 1;
    while (end < values.length && values[end] === value) end++;
    counts.set(value, (counts.get(value) ?? 0) + end - begin);
    begin = end;
    if (counts.size > MOST_VALUES) {
      throw cannotUse(
        path,
        `it holds more than ${MOST_VALUES} ${isColour ? "colours" : "values"}`,
        "check that it is no scan and was not saved with loss (JPEG)",
      );
    }
  }
  if (isColour) return counts;
  for (const value of counts.keys()) {
    if (Number.isInteger(value) && value >= 0 && value <= LARGEST_VALUE) continue;
    throw cannotUse(
      path,
      `it holds ${value}`,
      `labels must be whole numbers from 0 to ${LARGEST_VALUE}, correct it`,
    );
  }
  return counts;
}

/**
 * Key of a value in a dataset that has colours: there a grey value is the colour of that grey.
 *
 * @throws {DataError} for a value that no colour can stand for
 */
export function colourOf(path: string, value: number, isColour: boolean): number {
  if (isColour) return value;
  if (value <= 255) return value * GREY;
  throw cannotUse(
    path,
    `it holds ${value} while other label maps hold colours`,
    "save all of them alike",
  );
}

/** `0xff0000` to `#ff0000`. */
export function formatColour(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}

/** `#ff0000` to `0xff0000`; a number stays. */
export function parseStoredValue(value: StoredValue): number {
  return typeof value === "number" ? value : parseInt(value.slice(1), 16);
}

/**
 * Translates label values.
 *
 * @param translation from value to new value; all values must be in it
 */
export function translateValues(
  values: ArrayLike<number>,
  translation: Map<number, number>,
): Uint8Array | Uint16Array {
  const largest = Math.max(...translation.values());
  const result = new (largest < 256 ? Uint8Array : Uint16Array)(values.length);
  let from = NaN;
  let to = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== from) {
      from = values[i];
      to = translation.get(from)!;
    }
    result[i] = to;
  }
  return result;
}

/**
 * The record that `prepare` and `dataset check --fix` leave in `dataset.json`: what the user's files
 * held for each label. `undefined` where labels are as stored.
 *
 * @throws {DataError} when it was damaged by hand
 */
export function labelValuesOf(json: DatasetJson): Map<number, StoredValue> | undefined {
  const record = json.label_values;
  if (record === undefined) return undefined;
  const entries = typeof record === "object" && record !== null
    ? orderedEntries(record as Record<string, unknown>)
    : [];
  return new Map(entries.map(([name, stored]) => {
    const label = json.labels[name];
    const isStored = typeof stored === "number" ||
      (typeof stored === "string" && /^#[0-9a-f]{6}$/i.test(stored));
    if (typeof label !== "number" || !isStored) {
      throw new DataError(
        `Cannot use label_values of dataset.json: "${name}" is ${JSON.stringify(stored)}, ` +
          `it must name a label and give a number or a colour such as "#ff0000"`,
      );
    }
    return [label, stored];
  }));
}

/** Where a label map is written, and with what. */
export interface LabelMapFile {
  path: string;
  reader: ReaderName;
  /** z, y, x. */
  shape: [number, number, number];
  properties: ImageProperties;
}

/**
 * Writes a prediction with the values, or colours, that the user's own label maps have
 * ({@linkcode labelValuesOf}).
 *
 * @throws {DataError} when colours are to go into a format that holds none
 */
export async function writeStoredLabels(
  store: Store,
  { path, reader, shape, properties }: LabelMapFile,
  labels: ArrayLike<number>,
  labelValues: Map<number, StoredValue>,
): Promise<void> {
  const isColour = [...labelValues.values()].some((value) => typeof value === "string");
  const [, height, width] = shape;
  const translation = new Map(
    [...labelValues].map(([label, value]) => [label, parseStoredValue(value)]),
  );
  if (isColour) {
    if (!/\.png$/i.test(path)) {
      throw new DataError(
        `Cannot write "${path}" in colours: only PNG can hold them, use .png as file ending`,
      );
    }
    const data = new Uint8Array(3 * labels.length);
    for (let i = 0; i < labels.length; i++) {
      const colour = translation.get(labels[i])!;
      data.set([colour >> 16, colour >> 8 & 255, colour & 255], 3 * i);
    }
    await store.write(path, encode({ width, height, data, channels: 3, depth: 8 }));
    return;
  }
  const data = translateValues(labels, translation);
  // nnU-Net stores 255 with 16 bits; in a picture of 8 bits it is white.
  if (/\.png$/i.test(path)) {
    const depth = data instanceof Uint8Array ? 8 : 16;
    await store.write(path, encode({ width, height, data, channels: 1, depth }));
  } else await writeSeg(store, reader, path, data, shape, properties);
}

function cannotUse(path: string, what: string, cure: string): DataError {
  return new DataError(`Cannot use "${path}" as a label map: ${what}, ${cure}`);
}
