import { damaged, unsupported } from "./damaged.ts";
import { inflate } from "./inflate.ts";
import { decodeLzw, decodePackBits } from "./tiff_compression.ts";
import type { TiffFile, TiffPage } from "./tiff_pages.ts";
import { type Voxels, voxelsOf, type VoxelType } from "./voxels.ts";

/** The densest stream of each compression: LZW gives up to 4096 bytes for 9 bits. */
const MOST_BYTES_PER_BYTE = 4096;

/** Names of compressions that are not read, for the message. */
const UNREAD = new Map([
  [6, "JPEG"],
  [7, "JPEG"],
  [34712, "JPEG 2000"],
  [34925, "LZMA"],
  [50000, "Zstandard"],
  [50001, "WebP"],
]);

/** Extents of a page's array: `[height, width]`, with samples last, or first when planar. */
export function pageShape({ width, height, samples, planar }: TiffPage): number[] {
  if (samples === 1) return [height, width];
  return planar ? [samples, height, width] : [height, width, samples];
}

/**
 * Decodes a page; values as stored (min-is-white is not inverted, palettes are not applied), 16-bit
 * floats as float32, bits as 0 and 1.
 *
 * @throws {DataError} when data is missing or of a kind that is not read
 */
export async function decodePage(path: string, file: TiffFile, page: TiffPage): Promise<Voxels> {
  const { width, height, samples, bits, planar, segmentWidth, segmentHeight } = page;
  const planes = planar ? samples : 1;
  const perPixel = planar ? 1 : samples;
  const type = storedType(path, page);
  const across = Math.ceil(width / segmentWidth), down = Math.ceil(height / segmentHeight);
  const rowBytes = Math.ceil(width * perPixel * bits / 8);
  const segmentRowBytes = Math.ceil(segmentWidth * perPixel * bits / 8);
  const needed = rowBytes * height * planes;
  const present = page.byteCounts.reduce((a, b) => a + b, 0);
  const most = page.compression === 1 ? present : present * MOST_BYTES_PER_BYTE;
  if (page.offsets.length < planes * across * down || needed > most) {
    throw damaged(path, `it holds ${present} bytes of pixels, its header promises ${needed}`);
  }

  const out = new Uint8Array(needed);
  let segment = 0;
  for (let plane = 0; plane < planes; plane++) {
    for (let ty = 0; ty < down; ty++) {
      for (let tx = 0; tx < across; tx++, segment++) {
        const rows = page.tiled
          ? segmentHeight
          : Math.min(segmentHeight, height - ty * segmentHeight);
        const length = rows * segmentRowBytes;
        const data = await decompress(path, file.bytes, page, segment, length);
        undoPredictor(path, data, page, segmentRowBytes, perPixel, file.littleEndian);
        const from = Math.floor(tx * segmentWidth * perPixel * bits / 8);
        const count = Math.min(segmentRowBytes, rowBytes - from);
        for (let r = 0; r < rows && ty * segmentHeight + r < height; r++) {
          const row = (plane * height + ty * segmentHeight + r) * rowBytes;
          const begin = r * segmentRowBytes;
          out.set(data.subarray(begin, begin + count), row + from);
        }
      }
    }
  }
  if (bits < 8) return unpackBits(out, bits, width * perPixel, rowBytes);
  // What was predicted is little-endian by now.
  const littleEndian = file.littleEndian || page.predictor !== 1;
  if (type === "float16") return widenFloat16(out, littleEndian);
  return voxelsOf(out, type, littleEndian);
}

function storedType(path: string, { bits, kind }: TiffPage): VoxelType | "float16" {
  const types: Record<string, Record<number, VoxelType | "float16">> = {
    unsigned: {
      1: "uint8",
      2: "uint8",
      4: "uint8",
      8: "uint8",
      16: "uint16",
      32: "uint32",
      64: "uint64",
    },
    signed: { 8: "int8", 16: "int16", 32: "int32", 64: "int64" },
    float: { 16: "float16", 32: "float32", 64: "float64" },
  };
  const type = types[kind][bits];
  if (!type) {
    throw unsupported(
      path,
      `its ${bits}-bit ${kind} values are not read`,
      "save it with 8 or 16 bits",
    );
  }
  return type;
}

async function decompress(
  path: string,
  bytes: Uint8Array,
  page: TiffPage,
  segment: number,
  length: number,
): Promise<Uint8Array> {
  const begin = page.offsets[segment];
  const count = page.byteCounts[segment] ?? length;
  if (begin + count > bytes.length) {
    throw damaged(
      path,
      `the file ends at byte ${bytes.length}, its header promises ${begin + count}`,
    );
  }
  const stored = bytes.subarray(begin, begin + count);
  let data: Uint8Array;
  switch (page.compression) {
    case 1:
      data = stored.slice(0, length);
      break;
    case 5:
      data = decodeLzw(stored, length);
      break;
    case 8:
    case 32946:
      data = await inflate(path, stored, "deflate", () => length);
      break;
    case 32773:
      data = decodePackBits(stored, length);
      break;
    default: {
      const name = UNREAD.get(page.compression) ?? `scheme ${page.compression}`;
      throw unsupported(path, `it is compressed with ${name}`, "save it again with zlib");
    }
  }
  if (data.length < length) {
    throw damaged(path, `a part of it holds ${data.length} bytes, its header promises ${length}`);
  }
  return data;
}

/** Undoes differencing in place; leaves little-endian values behind. */
function undoPredictor(
  path: string,
  data: Uint8Array,
  { predictor, bits }: TiffPage,
  rowBytes: number,
  perPixel: number,
  littleEndian: boolean,
): void {
  if (predictor === 1) return;
  const size = bits / 8;
  if (predictor === 2 && (size === 1 || size === 2 || size === 4)) {
    const type = size === 1 ? "uint8" : size === 2 ? "uint16" : "uint32";
    const values = voxelsOf(data, type, littleEndian) as Uint8Array | Uint16Array | Uint32Array;
    const rowLength = rowBytes / size;
    for (let row = 0; row < values.length; row += rowLength) {
      for (let i = row + perPixel; i < row + rowLength; i++) values[i] += values[i - perPixel];
    }
  } else if (predictor === 3 && size > 1) {
    // Bytes of equal weight lie together, the highest first; differences run along them.
    const rowLength = rowBytes / size;
    const row = new Uint8Array(rowBytes);
    for (let at = 0; at < data.length; at += rowBytes) {
      for (let i = at + perPixel; i < at + rowBytes; i++) data[i] += data[i - perPixel];
      row.set(data.subarray(at, at + rowBytes));
      for (let i = 0; i < rowLength; i++) {
        for (let b = 0; b < size; b++) data[at + i * size + size - 1 - b] = row[b * rowLength + i];
      }
    }
  } else {
    throw unsupported(path, `its predictor ${predictor} is not read`, "save it again with zlib");
  }
}

function unpackBits(
  packed: Uint8Array,
  bits: number,
  rowLength: number,
  rowBytes: number,
): Uint8Array {
  const rows = packed.length / rowBytes;
  const out = new Uint8Array(rows * rowLength);
  const mask = (1 << bits) - 1;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < rowLength; i++) {
      const byte = packed[row * rowBytes + (i * bits >> 3)];
      out[row * rowLength + i] = byte >> (8 - bits - (i * bits & 7)) & mask;
    }
  }
  return out;
}

function widenFloat16(bytes: Uint8Array, littleEndian: boolean): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const word = view.getUint16(2 * i, littleEndian);
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = word >> 10 & 31, fraction = word & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}
