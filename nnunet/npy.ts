import { DataError } from "./errors.ts";
import {
  bytesOf,
  decodeNdArray,
  elementSize,
  type ElementType,
  formatDtype,
  type NdArray,
  parseDtype,
} from "./ndarray.ts";
import type { Store } from "./store.ts";
import { ZipFile } from "./zip.ts";
import { writeStoredZip } from "./zip_writer.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Content begins at a multiple of this. */
const ALIGNMENT = 64;
const MAX_HEADER = 1 << 16;
const EXTENSION = ".npy";

/** What an `.npy` file says of its array. */
export interface NpyHeader {
  dtype: ElementType;
  bigEndian: boolean;
  fortranOrder: boolean;
  shape: number[];
  /** First byte of the content. */
  offset: number;
}

/**
 * Parses the header of an `.npy` file (format versions 1 to 3). Nothing in it is evaluated.
 *
 * @param bytes the file or its beginning
 * @param path named in errors
 * @throws {DataError} when it is damaged, or holds Python objects
 */
export function parseNpyHeader(bytes: Uint8Array, path: string): NpyHeader {
  const fail = (what: string): never => {
    throw new DataError(`Cannot read "${path}": ${what}, make the file again`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const begin = wide ? 12 : 10;
  if (bytes.length < begin || MAGIC.some((byte, i) => bytes[i] !== byte) || bytes[6] > 3) {
    return fail("it is no .npy file");
  }
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const offset = begin + length;
  if (length > MAX_HEADER || offset > bytes.length) {
    return fail(`it promises a header of ${length} bytes and has fewer`);
  }
  const header = new TextDecoder().decode(bytes.subarray(begin, offset));
  const match = HEADER.exec(header);
  const { descr, order, shape } = match?.groups ?? {};
  if (match === null) return fail("its header is not that of an array of numbers");
  const type = parseDtype(descr);
  if (type === undefined) return fail(`arrays of type ${descr} are not supported`);
  return {
    ...type,
    fortranOrder: order === "True",
    shape: shape.split(",").filter((n) => n.trim() !== "").map(Number),
    offset,
  };
}

/** NumPy writes the three keys in this order, older versions in others. */
const HEADER = new RegExp(
  "^\\{(?=.*'descr': '(?<descr>[^']*)')(?=.*'fortran_order': (?<order>True|False))" +
    "(?=.*'shape': \\((?<shape>[\\d, ]*)\\))(?:'\\w+': (?:'[^']*'|\\w+|\\([\\d, ]*\\))(?:, ?)?){3}\\}\\s*$",
);

/**
 * Reads an `.npy` file.
 *
 * @param path named in errors
 * @throws {DataError} when it is damaged, or holds Python objects
 */
export function readNpy(bytes: Uint8Array, path: string): NdArray {
  const header = parseNpyHeader(bytes, path);
  try {
    return decodeNdArray(bytes.subarray(header.offset), header.dtype, header.shape, header);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DataError(`Cannot read "${path}": ${error.message}, make the file again`);
  }
}

/** Header of an `.npy` file; the array's bytes in C order follow it. */
export function npyHeader({ dtype, shape }: Pick<NdArray, "dtype" | "shape">): Uint8Array {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${formatDtype(dtype)}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padding = ALIGNMENT - (10 + text.length + 1) % ALIGNMENT;
  const header = new TextEncoder().encode(text + " ".repeat(padding % ALIGNMENT) + "\n");
  const bytes = new Uint8Array(10 + header.length);
  bytes.set(MAGIC);
  bytes[6] = 1;
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(header, 10);
  return bytes;
}

/** Makes an `.npz` file of named arrays, without compression, as `numpy.savez` does. */
export function writeNpz(arrays: Record<string, NdArray>): Uint8Array {
  return writeStoredZip(
    Object.entries(arrays).map(([name, array]) => ({
      name: name + EXTENSION,
      parts: [npyHeader(array), bytesOf(array)],
    })),
  );
}

/**
 * Reads all arrays of an `.npz` file, compressed or not, by name without `.npy`.
 *
 * @throws {DataError} when the file or one of its arrays is damaged or harmful
 */
export async function readNpz(store: Store, path: string): Promise<Map<string, NdArray>> {
  const zip = await ZipFile.open(store, path);
  const arrays = new Map<string, NdArray>();
  for (const name of zip.entries.keys()) {
    if (!name.endsWith(EXTENSION)) continue;
    const bytes = await zip.read(name);
    arrays.set(name.slice(0, -EXTENSION.length), readNpy(bytes, `${path}/${name}`));
  }
  return arrays;
}

/** Where an array lies in an uncompressed `.npz` file. */
export interface StoredArray {
  dtype: ElementType;
  shape: number[];
  /** Its first byte in the file; C order, little endian. */
  offset: number;
}

/**
 * Finds an array in an uncompressed `.npz` file, for reading parts of it.
 *
 * @throws {DataError} when it is not there, compressed, big endian or in Fortran order
 */
export async function findStoredArray(
  store: Store,
  zip: ZipFile,
  name: string,
): Promise<StoredArray> {
  const member = name + EXTENSION;
  const begin = await zip.offsetOfStored(member);
  const { size } = zip.entries.get(member)!;
  const head = await store.readRange(zip.path, begin, begin + Math.min(size, MAX_HEADER));
  const { dtype, bigEndian, fortranOrder, shape, offset } = parseNpyHeader(head, zip.path);
  const expected = shape.reduce((product, n) => product * n, elementSize(dtype));
  if (bigEndian || fortranOrder || offset + expected !== size) {
    throw new DataError(
      `Cannot read parts of "${name}" in "${zip.path}": its layout is not the one this program ` +
        "writes, preprocess again",
    );
  }
  return { dtype, shape, offset: begin + offset };
}
