import { DataError } from "../errors.ts";

const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** How a file stores a value. */
export type VoxelType = keyof typeof ARRAYS;

/** Values as a file stores them. */
export type Voxels =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** Bytes of one value. */
export function bytesOf(type: VoxelType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

/** The type of `voxels`. */
export function typeOf(voxels: Voxels): VoxelType {
  return Object.entries(ARRAYS).find(([, array]) => voxels instanceof array)![0] as VoxelType;
}

/**
 * Sees `bytes` as values of `type`. The bytes become part of the result: big-endian values are
 * swapped in place, and only an unaligned array is copied.
 */
export function voxelsOf(bytes: Uint8Array, type: VoxelType, littleEndian = true): Voxels {
  const array = ARRAYS[type];
  const size = array.BYTES_PER_ELEMENT;
  if (bytes.byteOffset % size !== 0) bytes = bytes.slice();
  if (!littleEndian) swapBytes(bytes, size);
  return new array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / size);
}

/** Bytes of `voxels`, little-endian as all machines that run this are. */
export function bytesOfVoxels(voxels: Voxels): Uint8Array {
  return new Uint8Array(voxels.buffer, voxels.byteOffset, voxels.byteLength);
}

/** Values as float32; the array itself when it is float32 already. */
export function toFloat32(voxels: Voxels): Float32Array {
  if (voxels instanceof Float32Array) return voxels;
  if (voxels instanceof BigInt64Array || voxels instanceof BigUint64Array) {
    return float32Of64Bit(voxels);
  }
  const out = allocateFloat32(voxels.length);
  // A plain loop is several times faster than `Float32Array.from`.
  for (let i = 0; i < out.length; i++) out[i] = voxels[i];
  return out;
}

/** `new Float32Array(length)`, with a message that says what to do when it does not fit. */
export function allocateFloat32(length: number): Float32Array {
  try {
    return new Float32Array(length);
  } catch {
    throw new DataError(
      `Cannot take ${(length * 4 / 2 ** 30).toFixed(1)} GiB for an image of ${length} voxels: ` +
        `this machine does not give so much at once, crop or split the image`,
    );
  }
}

function float32Of64Bit(voxels: BigInt64Array | BigUint64Array): Float32Array {
  const words = new Uint32Array(voxels.buffer, voxels.byteOffset, voxels.length * 2);
  const signed = voxels instanceof BigInt64Array;
  const out = allocateFloat32(voxels.length);
  for (let i = 0; i < out.length; i++) {
    const high = signed ? words[2 * i + 1] | 0 : words[2 * i + 1];
    out[i] = high * 2 ** 32 + words[2 * i];
  }
  return out;
}

function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let i = 0; i + size <= bytes.length; i += size) {
    for (let a = i, b = i + size - 1; a < b; a++, b--) {
      const byte = bytes[a];
      bytes[a] = bytes[b];
      bytes[b] = byte;
    }
  }
}
