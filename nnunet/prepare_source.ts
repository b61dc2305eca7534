import { compareCodePoints } from "./code_points.ts";
import { type DecodeSlices, readSeriesHeaders } from "./dicom/series.ts";
import { listSeriesFolders } from "./dicom/series_folders.ts";
import { DataError } from "./errors.ts";
import { determineReader, type ReaderName, readImages, readSeg } from "./imageio/mod.ts";
import {
  colourOf,
  countValues,
  formatColour,
  storedLabels,
  type StoredValue,
} from "./label_values.ts";
import type { OnProgress } from "./progress.ts";
import type { Store } from "./store.ts";

/** A case as the user's folders hold it. */
export interface SourceCase {
  identifier: string;
  /** One path per channel, in channel order: a file, or the folder of a DICOM series. */
  images: string[];
  label: string;
}

/** Files of one kind: their ending as nnU-Net is to know it, and who reads them. */
export interface SourceFormat {
  /** Lower case, with the dot. */
  ending: string;
  reader: ReaderName;
  /** Of DICOM series, which become files of `ending`. */
  decodeSlices?: DecodeSlices;
}

/** What two folders of images and label maps hold. */
export interface SourceDataset {
  cases: SourceCase[];
  images: SourceFormat;
  labels: SourceFormat;
  /** Channels of the first case; a coloured picture has three or four. */
  channels: number;
  /** What the label maps hold, ascending, with the number of voxels. */
  values: { value: StoredValue; voxels: number }[];
}

/** Options for {@linkcode inspectSource}. */
export interface InspectOptions {
  /** Without it, images may not be DICOM series. */
  decodeSlices?: DecodeSlices;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

const ENDINGS = [".nii.gz", ".nii", ".nrrd", ".mha", ".gipl", ".png", ".bmp", ".tif", ".tiff"];

/** What people have that is not read, and what to do about it. */
const REFUSED: Record<string, string> = {
  ".jpg": "JPEG loses detail and blurs labels, save the originals as .png",
  ".jpeg": "JPEG loses detail and blurs labels, save the originals as .png",
  ".npy": "an array has no spacing, save it as .nii.gz or, in 2D, as .png",
  ".npz": "an array has no spacing, save it as .nii.gz or, in 2D, as .png",
  ".mhd": "its voxels lie in a second file, save it as .mha",
  ".nhdr": "its voxels lie in a second file, save it as .nrrd",
  ".dcm": "put the slices of each case into a folder of its own, named like the case",
};

/** An image or label map; a DICOM series is a folder with ending `""`. */
interface SourceFile {
  path: string;
  /** Name without ending. */
  stem: string;
  ending: string;
}

/**
 * Looks at a folder of images and one of label maps: which belong together, what they hold. Every
 * label map is read, of the images the first case, of DICOM series all headers.
 *
 * A label map belongs to the image of the same name; else what counts is the name without the words
 * that all images, or all label maps, have in common (`img_7.png` and `mask_7.png`).
 *
 * @throws {DataError} when files are of several kinds, do not pair up, or hold no labels
 */
export async function inspectSource(
  store: Store,
  imagesFolder: string,
  labelsFolder: string,
  { decodeSlices, onProgress, signal }: InspectOptions = {},
): Promise<SourceDataset> {
  const series = decodeSlices ? await listSeries(store, imagesFolder) : [];
  const imageFiles = series.length > 0 ? series : await listSource(store, imagesFolder);
  const labelFiles = await listSource(store, labelsFolder);
  const cases = pairUp(groupFiles(imageFiles), labelFiles, imagesFolder, labelsFolder);
  const images: SourceFormat = series.length > 0
    ? { ending: ".nii.gz", reader: "SimpleITKIO", decodeSlices }
    : await formatOf(store, cases[0].images[0], imageFiles[0].ending);
  const labels = await formatOf(store, cases[0].label, labelFiles[0].ending);
  const channels = series.length > 0
    ? await checkSeries(store, cases, { onProgress, signal })
    : (await readImages(store, images.reader, cases[0].images)).shape[0];

  const grey = new Map<number, number>();
  const colours = new Map<number, number>();
  const plain = new Map<string, number[]>();
  for (const [done, { identifier, label }] of cases.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "read label maps", done, total: cases.length, message: identifier });
    const stored = storedLabels(label, await readSeg(store, labels.reader, label));
    const counted = countValues(label, stored);
    if (!stored.isColour) plain.set(label, [...counted.keys()]);
    for (const [value, voxels] of counted) {
      const total = stored.isColour ? colours : grey;
      total.set(value, (total.get(value) ?? 0) + voxels);
    }
  }
  onProgress?.({ stage: "read label maps", done: cases.length, total: cases.length });
  return { cases, images, labels, channels, values: joinValues(grey, colours, plain) };
}

/** Values of all label maps; grey ones become colours where others are. */
function joinValues(
  grey: Map<number, number>,
  colours: Map<number, number>,
  plain: Map<string, number[]>,
): SourceDataset["values"] {
  const ascending = (counts: Map<number, number>) => [...counts].sort(([a], [b]) => a - b);
  if (colours.size === 0) return ascending(grey).map(([value, voxels]) => ({ value, voxels }));
  for (const [path, values] of plain) values.forEach((value) => colourOf(path, value, false));
  const all = new Map(colours);
  for (const [value, voxels] of grey) {
    const colour = colourOf("", value, false);
    all.set(colour, (all.get(colour) ?? 0) + voxels);
  }
  return ascending(all).map(([colour, voxels]) => ({ value: formatColour(colour), voxels }));
}

/** Folders of DICOM series in `folder`; none where it holds images as files. */
async function listSeries(store: Store, folder: string): Promise<SourceFile[]> {
  const entries = await store.list(folder);
  if (entries.some(({ name }) => endingOf(name) !== undefined)) return [];
  const names = await listSeriesFolders(store, folder);
  return names.map((name) => ({ path: `${folder}/${name}`, stem: name, ending: "" }));
}

/** Finds what is wrong with DICOM series before any is converted; returns the channels of a case. */
async function checkSeries(
  store: Store,
  cases: SourceCase[],
  { onProgress, signal }: Pick<InspectOptions, "onProgress" | "signal">,
): Promise<number> {
  for (const [done, { identifier, images }] of cases.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ stage: "check series", done, total: cases.length, message: identifier });
    for (const path of images) await readSeriesHeaders(store, path);
  }
  onProgress?.({ stage: "check series", done: cases.length, total: cases.length });
  return cases[0].images.length;
}

function endingOf(name: string): string | undefined {
  return ENDINGS.find((ending) => name.toLowerCase().endsWith(ending));
}

/** The images, or label maps, of a folder; all have one ending. */
async function listSource(store: Store, folder: string): Promise<SourceFile[]> {
  const entries = await store.list(folder);
  const names = entries.filter(({ name, isDirectory }) => !isDirectory && !/^[._]/.test(name))
    .map(({ name }) => name);
  const known = names.flatMap((name): SourceFile[] => {
    const ending = endingOf(name);
    if (ending === undefined) return [];
    return [{ path: `${folder}/${name}`, stem: name.slice(0, -ending.length), ending }];
  });
  const refused = names.map((name) => /\.[^.]+$/.exec(name.toLowerCase())?.[0] ?? "")
    .find((ending) => Object.hasOwn(REFUSED, ending));
  if (refused) throw cannot(folder, `it holds ${refused} files: ${REFUSED[refused]}`);
  if (known.length === 0) {
    throw cannot(folder, `no file there ends in ${ENDINGS.join(" ")}, check the folder`);
  }
  const endings = [...new Set(known.map(({ ending }) => ending))];
  if (endings.length > 1) {
    throw cannot(folder, `it holds ${endings.join(" and ")} files, convert all to one of them`);
  }
  return known;
}

/** Image files by case: `CASE_0000`, `CASE_0001` are channels, names without such numbers cases. */
function groupFiles(files: SourceFile[]): Map<string, SourceFile[]> {
  const groups = new Map<string, SourceFile[]>();
  const numbered = files.some(({ stem }) => stem.endsWith("_0000"));
  for (const file of files) {
    const [, identifier, channel] = /^(.+)_(\d{4})$/.exec(file.stem) ?? [];
    if (numbered && channel === undefined) {
      throw new DataError(
        `Cannot prepare "${file.path}": other images end in a channel number, this one does not, ` +
          `name it ${file.stem}_0000${file.ending}`,
      );
    }
    const key = numbered ? identifier : file.stem;
    const group = groups.get(key) ?? [];
    groups.set(key, [...group, file]);
    if (numbered && Number(channel) !== group.length) {
      const missing = String(group.length).padStart(4, "0");
      throw new DataError(
        `Cannot prepare case "${identifier}": it has channel ${channel} but not ${missing}, ` +
          `add that file or number its channels from 0000`,
      );
    }
  }
  return groups;
}

function pairUp(
  images: Map<string, SourceFile[]>,
  labels: SourceFile[],
  imagesFolder: string,
  labelsFolder: string,
): SourceCase[] {
  const identifiers = [...images.keys()].sort(compareCodePoints);
  const stems = labels.map(({ stem }) => stem);
  const isSame = (a: string[], b: string[]) =>
    [...a].sort().join("\n") === [...b].sort().join("\n");
  const imageCores = coresOf(identifiers);
  const labelCores = coresOf(stems);
  const byCore = !isSame(identifiers, stems) && isSame(imageCores, labelCores) &&
    new Set(labelCores).size === labels.length;
  if (!byCore) refuseUnpaired(identifiers, stems, imagesFolder, labelsFolder);
  const keys = byCore ? labelCores : stems;
  const labelOf = new Map(keys.map((key, i) => [key, labels[i].path]));
  return identifiers.map((identifier, i) => ({
    identifier,
    images: images.get(identifier)!.map(({ path }) => path),
    label: labelOf.get(byCore ? imageCores[i] : identifier)!,
  }));
}

/** Names without the beginning and the end that all of them share; digits are never taken off. */
function coresOf(names: string[]): string[] {
  const reversed = names.map((name) => [...name].reverse().join(""));
  const begin = sharedBeginning(names);
  const end = sharedBeginning(reversed);
  return names.map((name) =>
    begin + end < name.length ? name.slice(begin, name.length - end) : name
  );
}

/** Length of what all names begin with, without digits at its end. */
function sharedBeginning(names: string[]): number {
  const [first] = names;
  let length = 0;
  while (length < first.length && names.every((name) => name[length] === first[length])) length++;
  return first.slice(0, length).replace(/\d+$/, "").length;
}

function refuseUnpaired(
  identifiers: string[],
  labels: string[],
  imagesFolder: string,
  labelsFolder: string,
): void {
  const lacking = (names: string[], others: string[]) => {
    const present = new Set(others);
    return names.filter((name) => !present.has(name));
  };
  const some = (names: string[]) =>
    names.slice(0, 3).join(", ") + (names.length > 3 ? `, … (${names.length})` : "");
  const unlabelled = lacking(identifiers, labels);
  const alone = lacking(labels, identifiers);
  if (unlabelled.length > 0) {
    const there = alone.length > 0 ? ` (unused there: ${some(alone)})` : "";
    throw cannot(
      imagesFolder,
      `no label map in "${labelsFolder}" is named like ${some(unlabelled)}${there}: ` +
        `name image and label map alike, or take these images out`,
    );
  }
  if (alone.length > 0) {
    throw cannot(
      labelsFolder,
      `no image in "${imagesFolder}" is named like ${some(alone)}: add the images, or take these ` +
        `label maps out`,
    );
  }
}

async function formatOf(store: Store, example: string, ending: string): Promise<SourceFormat> {
  // nnU-Net reads 2D pictures as .tif only; .tiff is the same format.
  if (ending === ".tiff") {
    try {
      return { ending, reader: await determineReader(ending, example, store) };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      ending = ".tif";
    }
  }
  return { ending, reader: await determineReader(ending, example, store) };
}

function cannot(folder: string, what: string): DataError {
  return new DataError(`Cannot prepare "${folder}": ${what}`);
}
