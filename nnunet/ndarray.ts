/** Element types of NumPy arrays that are read and written here, little endian. */
const TYPES = {
  f8: Float64Array,
  f4: Float32Array,
  f2: Float16Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
  /** 0 or 1. */
  b1: Uint8Array,
};

/** NumPy's name of an element type without its byte order, e.g. `f4`. */
export type ElementType = keyof typeof TYPES;

/** Values of an {@linkcode NdArray}. */
export type ElementArray =
  | Float64Array
  | Float32Array
  | Float16Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** A NumPy array, C order. */
export interface NdArray {
  dtype: ElementType;
  shape: readonly number[];
  data: ElementArray;
}

/** Bytes of one element. */
export function elementSize(dtype: ElementType): number {
  return TYPES[dtype].BYTES_PER_ELEMENT;
}

/** Splits NumPy's type text, e.g. `<f4` or `|u1`; `undefined` where it is not supported. */
export function parseDtype(text: string): { dtype: ElementType; bigEndian: boolean } | undefined {
  const match = /^([<>|=]?)([a-z]\d)$/.exec(text);
  if (match === null || !Object.hasOwn(TYPES, match[2])) return undefined;
  return { dtype: match[2] as ElementType, bigEndian: match[1] === ">" };
}

/** NumPy's type text of an element type: `<f4`, `|u1`. */
export function formatDtype(dtype: ElementType): string {
  return (elementSize(dtype) === 1 ? "|" : "<") + dtype;
}

/**
 * Makes an array of its bytes; a view of them where order and alignment allow.
 *
 * @throws {RangeError} when shape and number of bytes do not fit together
 */
export function decodeNdArray(
  bytes: Uint8Array,
  dtype: ElementType,
  shape: readonly number[],
  { bigEndian = false, fortranOrder = false } = {},
): NdArray {
  const itemSize = elementSize(dtype);
  const size = shape.reduce((product, n) => product * n, 1);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0) || size * itemSize !== bytes.length) {
    throw new RangeError(
      `an array of shape (${shape.join(", ")}) and ${itemSize} bytes an element does not have ` +
        `${bytes.length} bytes`,
    );
  }
  const own = bigEndian || bytes.byteOffset % itemSize !== 0 ? new Uint8Array(bytes) : bytes;
  if (bigEndian) {
    for (let i = 0; i < own.length; i += itemSize) own.subarray(i, i + itemSize).reverse();
  }
  const data = new TYPES[dtype](own.buffer as ArrayBuffer, own.byteOffset, size);
  return { dtype, shape, data: fortranOrder ? toCOrder(data, shape) : data };
}

/** From first axis fastest to last axis fastest. */
function toCOrder(data: ElementArray, shape: readonly number[]): ElementArray {
  const ordered = data.slice();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, n) => a * n, 1));
  const index = shape.map(() => 0);
  for (let i = 0, from = 0; i < data.length; i++) {
    ordered[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return ordered;
}

/** The bytes of an array, a view. */
export function bytesOf({ data }: NdArray): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
