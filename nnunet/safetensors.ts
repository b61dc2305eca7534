import { DataError } from "./errors.ts";

const TYPES = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  /** Bits of a half-precision float. */
  F16: Uint16Array,
  /** Upper 16 bits of a float32. */
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  /** 0 or 1. */
  BOOL: Uint8Array,
};

/** Number types of the format, by its own names. */
export type SafetensorsType = keyof typeof TYPES;

/** An array of a safetensors file, C order. */
export interface Safetensor {
  dtype: SafetensorsType;
  shape: readonly number[];
  data:
    | Float64Array
    | BigInt64Array
    | BigUint64Array
    | Float32Array
    | Int32Array
    | Uint32Array
    | Uint16Array
    | Int16Array
    | Int8Array
    | Uint8Array;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** By name, in the order of their bytes. */
  tensors: Map<string, Safetensor>;
  /** Free text by key. */
  metadata: Record<string, string>;
}

const METADATA = "__metadata__";
/** The limit of the format's reference implementation. */
const MAX_HEADER = 100e6;

/**
 * Reads a safetensors file: 8 bytes header length, JSON header, raw little-endian bytes. Arrays are
 * views of `bytes` where alignment allows.
 *
 * @param path named in errors
 * @throws {DataError} where header and bytes do not fit together
 */
export function readSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const fail = (what: string): never => {
    throw new DataError(`Cannot read "${path}": ${what}, the file is damaged, make it again`);
  };
  if (bytes.length < 8) return fail(`it has ${bytes.length} bytes, a safetensors header more`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const begin = 8 + headerLength;
  if (headerLength > MAX_HEADER || begin > bytes.length) {
    return fail(`it promises a header of ${headerLength} bytes, but has ${bytes.length} in all`);
  }
  const { [METADATA]: metadata = {}, ...entries } = parseHeader(bytes.subarray(8, begin), fail);
  if (!isRecord(metadata) || !Object.values(metadata).every((text) => typeof text === "string")) {
    return fail(`"${METADATA}" must hold texts only`);
  }

  const sorted = Object.entries(entries).map(([name, entry]): [string, HeaderEntry] =>
    isHeaderEntry(entry) ? [name, entry] : fail(`the header of "${name}" is malformed`)
  ).sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0]);
  const tensors = new Map<string, Safetensor>();
  let expected = 0;
  for (const [name, { dtype, shape, data_offsets: [from, to] }] of sorted) {
    const size = shape.reduce((product, n) => product * n, 1) * TYPES[dtype].BYTES_PER_ELEMENT;
    if (from !== expected || to - from !== size || begin + to > bytes.length) {
      return fail(
        `"${name}" ${dtype} [${shape}] needs ${size} bytes from ${expected}, but has ${from} to ${to}`,
      );
    }
    tensors.set(name, { dtype, shape, data: arrayAt(bytes, begin + from, size, dtype) });
    expected = to;
  }
  if (begin + expected !== bytes.length) {
    return fail(`${bytes.length - begin - expected} bytes belong to no array`);
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

/**
 * The bytes of a safetensors file. Arrays are stored in order of falling element size, so that each
 * is aligned.
 *
 * @throws TypeError where an array does not have the type or the size that its entry names
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Safetensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([METADATA, metadata]);
  const sorted = [...tensors].sort(([, a], [, b]) =>
    b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT
  );
  let offset = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const count = shape.reduce((product, n) => product * n, 1);
    if (name === METADATA || !(data instanceof TYPES[dtype]) || data.length !== count) {
      throw new TypeError(
        `Cannot write "${name}" as ${dtype} [${shape}]: the array is a ${data.constructor.name} of ${data.length}`,
      );
    }
    const end = offset + data.byteLength;
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const text = `{${
    header.map(([key, entry]) => `${JSON.stringify(key)}:${JSON.stringify(entry)}`).join(",")
  }}`;
  const json = new TextEncoder().encode(text);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const [, { data }] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

interface HeaderEntry {
  dtype: SafetensorsType;
  shape: number[];
  data_offsets: [number, number];
}

function parseHeader(
  bytes: Uint8Array,
  fail: (what: string) => never,
): Record<string, unknown> {
  try {
    const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isRecord(header)) return header;
  } catch {
    return fail("its header is no JSON");
  }
  return fail("its header is no JSON object");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHeaderEntry(value: unknown): value is HeaderEntry {
  if (!isRecord(value)) return false;
  const { dtype, shape, data_offsets: offsets } = value;
  const areSizes = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return typeof dtype === "string" && Object.hasOwn(TYPES, dtype) && areSizes(shape) &&
    areSizes(offsets) && offsets.length === 2;
}

function arrayAt(bytes: Uint8Array, offset: number, size: number, dtype: SafetensorsType) {
  const type = TYPES[dtype];
  const begin = bytes.byteOffset + offset;
  const aligned = begin % type.BYTES_PER_ELEMENT === 0;
  const buffer = aligned ? bytes.buffer : bytes.slice(offset, offset + size).buffer;
  return new type(buffer as ArrayBuffer, aligned ? begin : 0, size / type.BYTES_PER_ELEMENT);
}
