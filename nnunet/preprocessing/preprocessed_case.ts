import { DataError } from "../errors.ts";
import { decodeNdArray, elementSize, type NdArray } from "../ndarray.ts";
import { findStoredArray, readNpy, type StoredArray, writeNpz } from "../npy.ts";
import type { Store } from "../store.ts";
import { ZipFile } from "../zip.ts";
import { readCaseProperties, writeCaseProperties } from "./case_properties.ts";
import type { Shape4 } from "./crop.ts";
import type { Shape3 } from "./fill_holes.ts";
import type { CaseProperties, PreprocessedArrays } from "./preprocess_case.ts";

/** What lies outside the image in a patch. */
const OUTSIDE_DATA = 0;
const OUTSIDE_SEG = -1;
/** Up to this many bytes of a channel are read at once, more plane by plane. */
const MAX_SPAN = 8 * 2 ** 20;

/**
 * Writes a case as nnU-Net 2.8.1 reads it: `CASE.npz`, uncompressed, with `data` (float32) and `seg`
 * (int16), and `CASE.pkl` with the properties. The `.npz` comes last: a case that has one is complete.
 */
export async function writePreprocessedCase(
  store: Store,
  folder: string,
  identifier: string,
  { data, seg, shape, properties }: PreprocessedArrays,
): Promise<void> {
  const npz = writeNpz({
    data: { dtype: "f4", shape, data },
    seg: { dtype: "i2", shape: [1, ...shape.slice(1)], data: seg },
  });
  await store.write(`${folder}/${identifier}.pkl`, writeCaseProperties(properties));
  await store.write(`${folder}/${identifier}.npz`, npz);
}

/** Part of a case, as the network is trained on it. */
export interface Patch {
  /** `[C, ...size]`; 0 outside the image. */
  data: Float32Array;
  /** `[1, ...size]`; −1 outside the image. */
  seg: Int16Array;
}

/** A preprocessed case on disk, of which parts are read without the rest. */
export class PreprocessedCase {
  readonly #store: Store;
  readonly #zip: ZipFile;
  readonly #data: StoredArray;
  readonly #seg: StoredArray;

  private constructor(
    store: Store,
    zip: ZipFile,
    data: StoredArray,
    seg: StoredArray,
    readonly identifier: string,
    readonly properties: CaseProperties,
  ) {
    this.#store = store;
    this.#zip = zip;
    this.#data = data;
    this.#seg = seg;
  }

  /**
   * @param folder of the configuration, e.g. `Dataset004_Hippocampus/nnUNetPlans_3d_fullres`
   * @throws {DataError} when a file is missing, damaged or not of a preprocessed case
   */
  static async open(store: Store, folder: string, identifier: string): Promise<PreprocessedCase> {
    const path = `${folder}/${identifier}`;
    const zip = await ZipFile.open(store, `${path}.npz`);
    const data = await findStoredArray(store, zip, "data");
    const seg = await findStoredArray(store, zip, "seg");
    const fits = data.dtype === "f4" && seg.dtype === "i2" && data.shape.length === 4 &&
      seg.shape.join() === [1, ...data.shape.slice(1)].join();
    if (!fits) {
      throw new DataError(
        `Cannot use "${path}.npz": data is ${data.dtype} [${data.shape}], seg ${seg.dtype} ` +
          `[${seg.shape}], preprocess the case again`,
      );
    }
    const properties = readCaseProperties(await store.read(`${path}.pkl`), `${path}.pkl`);
    return new PreprocessedCase(store, zip, data, seg, identifier, properties);
  }

  /** Of the image, `[C, x, y, z]`. */
  get shape(): Shape4 {
    return this.#data.shape as Shape4;
  }

  /**
   * The whole case.
   *
   * @throws {DataError} also when a checksum is wrong
   */
  async read(): Promise<PreprocessedArrays> {
    const { shape, properties } = this;
    const array = async (name: string): Promise<NdArray> =>
      readNpy(await this.#zip.read(`${name}.npy`), this.#zip.path);
    const data = (await array("data")).data as Float32Array;
    const seg = (await array("seg")).data as Int16Array;
    return { data, seg, shape, properties };
  }

  /**
   * A box of the case; what lies outside the image is padded. A box that is outside along an axis
   * altogether is 0 throughout, labels included, as with acvl_utils' `crop_and_pad_nd`.
   *
   * @param lowerCorner first voxel, may be negative
   */
  async readPatch(lowerCorner: Shape3, size: Shape3): Promise<Patch> {
    const [data, seg] = await Promise.all([
      this.#readBox(this.#data, lowerCorner, size, OUTSIDE_DATA),
      this.#readBox(this.#seg, lowerCorner, size, OUTSIDE_SEG),
    ]);
    return { data: data as Float32Array, seg: seg as Int16Array };
  }

  async #readBox(
    array: StoredArray,
    lowerCorner: Shape3,
    size: Shape3,
    outside: number,
  ): Promise<Float32Array | Int16Array> {
    const [channels, ...extent] = array.shape;
    const length = channels * size[0] * size[1] * size[2];
    const box = array.dtype === "f4" ? new Float32Array(length) : new Int16Array(length);
    const begin = lowerCorner.map((corner) => Math.max(corner, 0));
    const end = lowerCorner.map((corner, axis) => Math.min(corner + size[axis], extent[axis]));
    if (begin.some((first, axis) => first >= end[axis])) return box;
    box.fill(outside);

    const [, height, width] = extent;
    const rowLength = end[2] - begin[2];
    const copyRows = (rows: ArrayLike<number>, first: number, c: number, x: number): void => {
      for (let y = begin[1]; y < end[1]; y++) {
        const from = (x * height + y) * width + begin[2] - first;
        const row = (c * size[0] + x - lowerCorner[0]) * size[1] + y - lowerCorner[1];
        const to = row * size[2] + begin[2] - lowerCorner[2];
        for (let i = 0; i < rowLength; i++) box[to + i] = rows[from + i];
      }
    };
    const planes = Array.from({ length: end[0] - begin[0] }, (_, i) => begin[0] + i);
    const index = (x: number, y: number, z: number): number => (x * height + y) * width + z;
    const readSpan = async (c: number, xs: number[]): Promise<void> => {
      const first = index(xs[0], begin[1], begin[2]);
      const last = index(xs.at(-1)!, end[1] - 1, end[2] - 1);
      const values = await this.#readValues(array, c, first, last + 1);
      for (const x of xs) copyRows(values, first, c, x);
    };
    const span = (end[0] - begin[0]) * height * width * elementSize(array.dtype);
    for (let c = 0; c < channels; c++) {
      if (span <= MAX_SPAN) await readSpan(c, planes);
      else await Promise.all(planes.map((x) => readSpan(c, [x])));
    }
    return box;
  }

  /** Values `[begin, end)` of a channel. */
  async #readValues(
    array: StoredArray,
    channel: number,
    begin: number,
    end: number,
  ): Promise<ArrayLike<number>> {
    const itemSize = elementSize(array.dtype);
    const [, depth, height, width] = array.shape;
    const offset = array.offset + channel * depth * height * width * itemSize;
    const bytes = await this.#store.readRange(
      this.#zip.path,
      offset + begin * itemSize,
      offset + end * itemSize,
    );
    return decodeNdArray(bytes, array.dtype, [end - begin]).data as ArrayLike<number>;
  }
}
