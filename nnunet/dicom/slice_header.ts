import { damaged, unsupported } from "../imageio/damaged.ts";
import { parseNumbers } from "../imageio/header_text.ts";
import type { Store } from "../store.ts";
import { readFileHeader, textOf } from "./file_header.ts";

/** Elements of the Series, Image Plane and Image Pixel modules (PS3.3). */
const TAGS = {
  seriesDescription: 0x0008103e,
  spacingBetweenSlices: 0x00180088,
  seriesInstanceUid: 0x0020000e,
  imagePosition: 0x00200032,
  imageOrientation: 0x00200037,
  samplesPerPixel: 0x00280002,
  numberOfFrames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  pixelSpacing: 0x00280030,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  pixelRepresentation: 0x00280103,
  rescaleIntercept: 0x00281052,
  rescaleSlope: 0x00281053,
};

/** What a file of a series says of its slice. */
export interface SliceHeader {
  path: string;
  seriesInstanceUid: string;
  /** What the scanner calls the series; may be empty. */
  seriesDescription: string;
  rows: number;
  columns: number;
  bitsAllocated: number;
  /** Centre of the first voxel: x, y, z in mm, LPS. */
  position: number[];
  /** Unit vectors along a row and along a column, 6 numbers. */
  orientation: number[];
  /** mm between rows and between columns. */
  pixelSpacing: number[];
  /** mm, where the file has it. */
  spacingBetweenSlices: number | undefined;
  /** How stored numbers become values; equal for slices that are encoded alike. */
  encoding: string;
}

/**
 * Reads what a DICOM file says of the slice that it holds.
 *
 * @throws {DataError} when it is no DICOM file or cut off, or holds no slice: several frames,
 * colours, no place in space
 */
export async function readSliceHeader(store: Store, path: string): Promise<SliceHeader> {
  const header = await readFileHeader(store, path, Object.values(TAGS));
  const text = (name: keyof typeof TAGS) => textOf(header.values.get(TAGS[name]) ?? NOTHING);
  const integer = (name: keyof typeof TAGS) => {
    const value = header.values.get(TAGS[name]);
    return value && value.length >= 2 ? value[0] + 256 * value[1] : undefined;
  };
  const numbers = (name: keyof typeof TAGS, count: number) => {
    const parsed = parseNumbers(text(name).replaceAll("\\", " "), count);
    return parsed?.every(Number.isFinite) ? parsed : undefined;
  };
  const frames = Number(text("numberOfFrames") || 1);
  if (frames !== 1) {
    throw unsupported(
      path,
      `it holds ${frames} frames, only series with one slice a file are read`,
      `convert it to .nii.gz with another program`,
    );
  }
  const samples = integer("samplesPerPixel") ?? 1;
  if (samples !== 1) {
    throw unsupported(path, `it has ${samples} colours a pixel`, "save it as .png");
  }
  const [rows, columns, bitsAllocated] = (["rows", "columns", "bitsAllocated"] as const).map(
    (name) => {
      const value = integer(name);
      if (!value) throw damaged(path, `it gives no ${name}`);
      return value;
    },
  );
  const { length } = header.pixels;
  const expected = Math.ceil(rows * columns * bitsAllocated / 8);
  if (length !== undefined && length < expected) {
    throw damaged(
      path,
      `it has ${length} bytes of pixels, ${rows} x ${columns} of ${bitsAllocated} bits are ` +
        `${expected}`,
    );
  }
  const position = numbers("imagePosition", 3);
  const orientation = numbers("imageOrientation", 6);
  const pixelSpacing = numbers("pixelSpacing", 2);
  if (!position || !orientation || !pixelSpacing?.every((mm) => mm > 0)) {
    const missing = !position ? "position" : !orientation ? "orientation" : "pixel spacing";
    throw unsupported(
      path,
      `it gives no ${missing}, so its slice has no place in space`,
      "convert the images to .nii.gz or .png with another program",
    );
  }
  const [spacingBetweenSlices] = numbers("spacingBetweenSlices", 1) ?? [];
  return {
    path,
    seriesInstanceUid: text("seriesInstanceUid"),
    seriesDescription: text("seriesDescription").replace(/[^\x20-\x7e\xa0-\xff]/g, "?"),
    rows,
    columns,
    bitsAllocated,
    position,
    orientation,
    pixelSpacing,
    spacingBetweenSlices,
    encoding: [
      header.transferSyntax,
      bitsAllocated,
      integer("bitsStored"),
      integer("pixelRepresentation"),
      text("rescaleSlope"),
      text("rescaleIntercept"),
    ].join(" "),
  };
}

const NOTHING = new Uint8Array();
