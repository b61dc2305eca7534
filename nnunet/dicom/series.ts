import { DataError } from "../errors.ts";
import type { ItkImage } from "../imageio/itk_image.ts";
import type { Voxels } from "../imageio/voxels.ts";
import type { Store } from "../store.ts";
import { readSliceHeader, type SliceHeader } from "./slice_header.ts";

/**
 * Decodes slices of one series that are encoded alike, in the order given, x fastest; values are
 * rescaled. The host brings it, because it needs a large library.
 */
export type DecodeSlices = (paths: string[]) => Promise<Voxels>;

/** A folder's series: its slices from the first to the last, and where they lie. */
export interface DicomSeries {
  slices: SliceHeader[];
  geometry: Pick<ItkImage, "size" | "spacing" | "origin" | "direction">;
}

/** Bytes of stored voxels that decoders can be trusted with. */
const MOST_BYTES = 2 ** 31;

/** Share of the usual distance by which one between two slices may differ: positions are rounded. */
const DISTANCE_TOLERANCE = 0.1;

/** By which the cosines of two slices may differ. */
const COSINE_TOLERANCE = 1e-3;

/** What lies beside slices and is none; every other file must be one, else one may be missed. */
const OTHER_FILE =
  /^[._]|^DICOMDIR$|\.(txt|xml|json|csv|md|pdf|html?|ini|inf|db|exe|zip|gz|nii|nrrd|mha|jpe?g|png|bmp|gif|tiff?)$/i;

/**
 * Reads the headers of a folder that holds the slices of one series, and checks that they are a
 * volume. The geometry is that of ITK's series reader.
 *
 * @throws {DataError} when the folder holds none or several series, or slices are missing, uneven,
 * tilted, or of different kinds
 */
export async function readSeriesHeaders(store: Store, folder: string): Promise<DicomSeries> {
  const entries = await store.list(folder);
  const files = entries.filter(({ name, isDirectory }) => !isDirectory && !OTHER_FILE.test(name));
  if (files.length === 0) throw cannot(folder, "no DICOM file is in it", "put the slices there");
  const slices: SliceHeader[] = [];
  for (const { name } of files) slices.push(await readSliceHeader(store, `${folder}/${name}`));
  checkOneSeries(folder, slices);
  checkAlike(folder, slices);
  const [row, column, normal] = axesOf(folder, slices[0]);
  const heightOf = ({ position }: SliceHeader) => dot(position, normal);
  slices.sort((a, b) => heightOf(a) - heightOf(b));
  checkDistances(folder, slices, heightOf);
  checkTilt(folder, slices, normal);
  const [first] = slices;
  const last = slices.at(-1)!;
  const distance = slices.length === 1
    ? first.spacingBetweenSlices || 1
    : Math.hypot(...minus(last.position, first.position)) / (slices.length - 1);
  return {
    slices,
    geometry: {
      size: [first.columns, first.rows, slices.length],
      spacing: [first.pixelSpacing[1], first.pixelSpacing[0], distance],
      origin: first.position,
      direction: [0, 1, 2].flatMap((i) => [row[i], column[i], normal[i]]),
    },
  };
}

/**
 * Reads the series in `folder`; values and geometry are those of ITK's series reader.
 *
 * @throws {DataError} as {@linkcode readSeriesHeaders}, and when slices cannot be decoded
 */
export async function readSeries(
  store: Store,
  folder: string,
  decode: DecodeSlices,
): Promise<ItkImage> {
  const { slices, geometry } = await readSeriesHeaders(store, folder);
  const runs: SliceHeader[][] = [];
  for (const slice of slices) {
    const run = runs.at(-1);
    if (run?.[0].encoding === slice.encoding) run.push(slice);
    else runs.push([slice]);
  }
  const parts: Voxels[] = [];
  for (const run of runs) {
    const voxels = await decode(run.map(({ path }) => path));
    const expected = run[0].rows * run[0].columns * run.length;
    if (voxels.length !== expected) {
      const what = `${voxels.length} voxels were decoded, its headers say ${expected}`;
      throw cannot(folder, what, "export the series again");
    }
    parts.push(voxels);
  }
  return { ...geometry, components: 1, voxels: joinVoxels(parts) };
}

/** One after another; as float64 where their types differ. */
function joinVoxels(parts: Voxels[]): Voxels {
  const [first] = parts;
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const isOneType = parts.every((part) => part.constructor === first.constructor);
  const joined = isOneType
    ? new (first.constructor as Float64ArrayConstructor)(length)
    : new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part as Float64Array, at);
    at += part.length;
  }
  return joined;
}

function checkOneSeries(folder: string, slices: SliceHeader[]): void {
  const series = Map.groupBy(slices, ({ seriesInstanceUid }) => seriesInstanceUid);
  if (series.size === 1) return;
  const names = [...series].map(([uid, [{ seriesDescription, path }, ...more]]) =>
    `"${seriesDescription || uid}" (${more.length + 1} files, e.g. ${fileName(path)})`
  );
  throw cannot(
    folder,
    `it holds ${series.size} series, ${names.slice(0, 3).join(" and ")}` +
      (names.length > 3 ? " and more" : ""),
    "keep one in the folder",
  );
}

/** Size, direction and pixel spacing must be those of the first slice. */
function checkAlike(folder: string, slices: SliceHeader[]): void {
  const [first] = slices;
  for (const slice of slices) {
    const names = `${fileName(first.path)} and ${fileName(slice.path)}`;
    if (slice.rows !== first.rows || slice.columns !== first.columns) {
      throw cannot(
        folder,
        `${names} differ in size (${first.rows} x ${first.columns}, ` +
          `${slice.rows} x ${slice.columns})`,
        "keep slices of one size",
      );
    }
    if (isFar(slice.orientation, first.orientation, COSINE_TOLERANCE)) {
      throw cannot(folder, `${names} are not parallel`, "take out the localizer or reformat");
    }
    if (isFar(slice.pixelSpacing, first.pixelSpacing, 1e-3 * first.pixelSpacing[0])) {
      throw cannot(
        folder,
        `${names} differ in pixel spacing (${first.pixelSpacing.join(" x ")}, ` +
          `${slice.pixelSpacing.join(" x ")} mm)`,
        "keep slices of one spacing",
      );
    }
  }
  const bytes = first.rows * first.columns * Math.ceil(first.bitsAllocated / 8) * slices.length;
  if (bytes > MOST_BYTES) {
    throw cannot(
      folder,
      `its ${first.columns} x ${first.rows} x ${slices.length} voxels take ` +
        `${(bytes / 2 ** 30).toFixed(1)} GiB, at most 2 are read`,
      "crop it, or convert it to .nii.gz with another program",
    );
  }
}

/** Slices must lie evenly, or the volume is distorted. `slices` are in order. */
function checkDistances(
  folder: string,
  slices: SliceHeader[],
  heightOf: (slice: SliceHeader) => number,
): void {
  const distances = slices.slice(1).map((slice, i) => heightOf(slice) - heightOf(slices[i]));
  if (distances.length === 0) return;
  const usual = [...distances].sort((a, b) => a - b)[distances.length >> 1];
  const between = (i: number) => `${fileName(slices[i].path)} and ${fileName(slices[i + 1].path)}`;
  const same = distances.findIndex((mm) => mm < 1e-3);
  if (same >= 0) {
    throw cannot(
      folder,
      `${between(same)} lie at the same place`,
      "keep one copy, one echo or one point in time in the folder",
    );
  }
  const odd = distances.findIndex((mm) => Math.abs(mm - usual) > DISTANCE_TOLERANCE * usual);
  if (odd >= 0) {
    throw cannot(
      folder,
      `${between(odd)} are ${millimetres(distances[odd])} apart, others ${
        millimetres(usual)
      }, so ` +
        `slices are missing or unevenly spaced`,
      "export the whole series again",
    );
  }
}

/** A stack that leans (CT with a tilted gantry) is no box of voxels; ITK would straighten it wrongly. */
function checkTilt(folder: string, slices: SliceHeader[], normal: number[]): void {
  const [first] = slices;
  const way = minus(slices.at(-1)!.position, first.position);
  const height = dot(way, normal);
  const shift = Math.hypot(...way.map((x, i) => x - height * normal[i]));
  if (shift > Math.max(...first.pixelSpacing)) {
    throw cannot(
      folder,
      `its last slice is shifted by ${millimetres(shift)} against the first (tilted gantry)`,
      "correct the tilt, e.g. with dcm2niix, and give it as .nii.gz",
    );
  }
}

/**
 * Unit vectors along x, y and z of the array; x is turned until it is at right angles to the others,
 * as in ITK's `GDCMImageIO`.
 */
function axesOf(folder: string, { orientation }: SliceHeader): [number[], number[], number[]] {
  const unit = (v: number[]) => v.map((x) => x / Math.hypot(...v));
  const row = unit(orientation.slice(0, 3));
  const column = unit(orientation.slice(3));
  if (!(Math.abs(dot(row, column)) <= COSINE_TOLERANCE)) {
    throw cannot(folder, "its rows and columns are not at right angles", "export it again");
  }
  const normal = unit(cross(row, column));
  return [cross(column, normal), column, normal];
}

function cross(a: number[], b: number[]): number[] {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}

function minus(a: number[], b: number[]): number[] {
  return a.map((x, i) => x - b[i]);
}

function isFar(a: number[], b: number[], tolerance: number): boolean {
  return a.some((x, i) => !(Math.abs(x - b[i]) <= tolerance));
}

function millimetres(mm: number): string {
  return `${Number(mm.toFixed(2))} mm`;
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function cannot(folder: string, what: string, cure: string): DataError {
  return new DataError(`Cannot read series "${folder}": ${what}, ${cure}`);
}
