import { copyFile, runSteps, type Step } from "./conversion/conversion.ts";
import type { DatasetJson } from "./dataset.ts";
import { readSeries } from "./dicom/series.ts";
import { DataError } from "./errors.ts";
import { writeItkFile } from "./imageio/itk_file.ts";
import { readImages, readSeg, writeSeg } from "./imageio/mod.ts";
import {
  colourOf,
  parseStoredValue,
  storedLabels,
  type StoredValue,
  translateValues,
} from "./label_values.ts";
import type { SourceCase, SourceDataset } from "./prepare_source.ts";
import type { OnProgress } from "./progress.ts";
import { formatPythonJson, fromOrderedEntries } from "./python_json.ts";
import type { Store } from "./store.ts";

export { inspectSource, type SourceDataset } from "./prepare_source.ts";

/** What the user calls things. */
export interface PrepareOptions {
  /** Folder of the new dataset, e.g. `nnUNet_raw/Dataset005_Membranes`. */
  folder: string;
  /** One per channel; `CT` is normalised in its own way. */
  channelNames: string[];
  /** The stored value of each label; `background` is 0 in the dataset, `ignore` the highest. */
  labels: Record<string, StoredValue>;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/**
 * Makes a raw dataset from what {@linkcode inspectSource} found. Images are copied as they are, DICOM
 * series become `.nii.gz`; label values become 0 to n, and `label_values` in `dataset.json` records
 * what they were.
 *
 * @returns `dataset.json` as written
 * @throws {DataError} when names do not fit the data, or the dataset exists; nothing is left behind
 */
export async function prepareDataset(
  store: Store,
  source: SourceDataset,
  { folder, channelNames, labels, onProgress, signal }: PrepareOptions,
): Promise<DatasetJson> {
  checkName(folder);
  if (await store.stat(folder)) {
    const wish = await store.stat(`${folder}/dataset.json`)
      ? "choose another name or remove it"
      : "it has no dataset.json, so a run may have been killed there: remove it";
    throw new DataError(`Cannot prepare "${folder}": it exists already, ${wish}`);
  }
  if (channelNames.length !== source.channels) {
    throw new DataError(
      `Cannot prepare "${folder}": ${channelNames.length} channel names ` +
        `(${channelNames.join(", ")}) for images with ${source.channels} channels, give one each`,
    );
  }
  const ordered = orderLabels(labels, source);
  const json: DatasetJson = {
    channel_names: Object.fromEntries(channelNames.map((name, i) => [String(i), name])),
    labels: fromOrderedEntries(ordered.map(({ name }, label) => [name, label])),
    numTraining: source.cases.length,
    file_ending: source.images.ending,
  };
  const isAsStored = ordered.every(({ value }, label) => value === label);
  if (!isAsStored) {
    json.label_values = fromOrderedEntries(ordered.map(({ name, value }) => [name, value]));
  }
  const translation = new Map(ordered.map(({ value }, label) => [parseStoredValue(value), label]));
  const write = labelWriter(store, source, translation, isAsStored);
  const steps = source.cases.flatMap((files): Step[] => [{
    name: files.identifier,
    run: async () => {
      signal?.throwIfAborted();
      const images = await copyImages(store, source, files, `${folder}/imagesTr`);
      await write({ ...files, images }, `${folder}/labelsTr/${files.identifier}`);
    },
  }]);
  // Last, so that an unfinished dataset is none.
  steps.push({
    name: "dataset.json",
    run: () => store.write(`${folder}/dataset.json`, formatPythonJson(json)),
  });
  await runSteps(store, folder, "prepare", steps, onProgress);
  return json;
}

/** `Dataset005_Name`, as every other command expects it. */
function checkName(folder: string): void {
  const name = folder.slice(folder.lastIndexOf("/") + 1);
  if (/^Dataset\d{3}_[^/\\]+$/.test(name)) return;
  throw new DataError(
    `Cannot prepare dataset "${name}": its name must be "Dataset", three digits, "_" and a word, ` +
      `e.g. Dataset005_Membranes`,
  );
}

/** Labels in the order of their new values. */
function orderLabels(
  labels: Record<string, StoredValue>,
  { values }: SourceDataset,
): { name: string; value: StoredValue }[] {
  const given = Object.entries(labels).map(([name, value]) => ({ name, value }));
  const list = (items: StoredValue[]) => items.join(", ");
  const stored = new Set(values.map(({ value }) => value));
  const named = new Set(given.map(({ value }) => value));
  const refuse = (what: string, wish: string) => {
    throw new DataError(
      `Cannot prepare labels: ${what}, ${wish} (the label maps hold ${list([...stored])})`,
    );
  };
  const unnamed = [...stored].filter((value) => !named.has(value));
  if (unnamed.length > 0) refuse(`${list(unnamed)} has no name`, "name every value");
  const twice = given.find(({ value }, i) => given.findIndex((g) => g.value === value) < i);
  if (twice) refuse(`${twice.value} has two names`, "give one");
  const background = given.find(({ name }) => name === "background");
  if (!background) {
    refuse("none is called background", `give one value that name, e.g. the one around the object`);
  }
  const absent = given.find(({ name, value }) => name !== "background" && !stored.has(value));
  if (absent) {
    refuse(`no label map holds ${absent.value} ("${absent.name}")`, "leave it out or correct it");
  }
  const rank = ({ name }: { name: string }) =>
    name === "background" ? 0 : name === "ignore" ? 2 : 1;
  return given.sort((a, b) =>
    rank(a) - rank(b) || parseStoredValue(a.value) - parseStoredValue(b.value)
  );
}

/** Returns the paths in the dataset. */
async function copyImages(
  store: Store,
  { images: { ending, decodeSlices } }: SourceDataset,
  { identifier, images }: SourceCase,
  folder: string,
): Promise<string[]> {
  const copies = images.map((_, channel) =>
    `${folder}/${identifier}_${String(channel).padStart(4, "0")}${ending}`
  );
  for (const [channel, path] of images.entries()) {
    if (decodeSlices) {
      await writeItkFile(store, copies[channel], await readSeries(store, path, decodeSlices));
    } else await copyFile(store, path, copies[channel]);
  }
  const sidecar = await findSidecar(store, ending, images);
  if (sidecar) await copyFile(store, sidecar, `${folder}/${identifier}.json`);
  return copies;
}

/** The JSON file with the spacing of a TIFF volume: `CASE.json`, or named as the file itself. */
async function findSidecar(
  store: Store,
  ending: string,
  paths: string[],
): Promise<string | undefined> {
  if (!ending.startsWith(".tif")) return undefined;
  const stems = paths.map((path) => path.replace(/\.tiff?$/i, ""));
  for (const stem of stems.flatMap((stem) => [stem, stem.replace(/_\d{4}$/, "")])) {
    if (await store.stat(`${stem}.json`)) return `${stem}.json`;
  }
}

/** Writes the label map of a case to a path without ending: copied where nothing changes. */
function labelWriter(
  store: Store,
  source: SourceDataset,
  translation: Map<number, number>,
  isAsStored: boolean,
): (files: SourceCase, target: string) => Promise<void> {
  const { images, labels } = source;
  const hasColours = source.values.some(({ value }) => typeof value === "string");
  const sameFormat = images.ending === labels.ending && images.reader === labels.reader;
  return async (files, target) => {
    const path = target + images.ending;
    const seg = await readSeg(store, labels.reader, files.label);
    // A grey label map may still be stored as colours.
    if (isAsStored && sameFormat && seg.shape[0] === 1) await copyFile(store, files.label, path);
    else {
      const stored = storedLabels(files.label, seg);
      const values = hasColours
        ? stored.values.map((value) => colourOf(files.label, value, stored.isColour))
        : stored.values;
      const { shape, properties } = sameFormat
        ? { shape: stored.shape, properties: seg.properties }
        : await geometryOfImage(store, source, files, stored.shape);
      const translated = translateValues(values, translation);
      await writeSeg(store, images.reader, path, translated, shape, properties);
    }
    const sidecar = await findSidecar(store, images.ending, [files.label, ...files.images]);
    if (sidecar) await copyFile(store, sidecar, `${target}.json`);
  };
}

/** A label map in another format than its image takes the image's geometry. */
async function geometryOfImage(
  store: Store,
  { images: { reader } }: SourceDataset,
  { images, label }: SourceCase,
  shape: [number, number, number],
) {
  const { shape: [, ...grid], properties } = await readImages(store, reader, images.slice(0, 1));
  if (grid.join() !== shape.join()) {
    throw new DataError(
      `Cannot prepare "${label}": it is ${shape.join(" x ")}, its image "${images[0]}" ` +
        `${grid.join(" x ")}, make them equal`,
    );
  }
  return { shape, properties };
}
