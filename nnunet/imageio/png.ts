import { encode } from "fast-png";
import { damaged } from "./damaged.ts";
import { inflate } from "./inflate.ts";

/** A picture: rows from the top, `channels` values per pixel side by side. */
export interface Picture {
  width: number;
  height: number;
  channels: number;
  values: Uint8Array | Uint16Array;
}

/** Samples per pixel of each colour type. */
const SAMPLES = new Map([[0, 1], [2, 3], [3, 1], [4, 2], [6, 4]]);

/** First column and row, and steps, of Adam7's passes. */
const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [
  0,
  1,
  1,
  2,
]];

interface PngHeader {
  width: number;
  height: number;
  bits: number;
  colour: number;
  interlaced: boolean;
}

/**
 * Decodes a PNG file as scikit-image does by way of Pillow: grey of 2 and 4 bits is scaled to 255,
 * colours of 16 bits are reduced to 8, palettes are applied, grey with alpha of 16 bits becomes
 * four channels; transparent colours and gamma are not looked at.
 *
 * @throws {DataError} when the file is damaged
 */
export async function decodePng(path: string, bytes: Uint8Array): Promise<Picture> {
  const { header, palette, data } = readChunks(path, bytes);
  const { width, height, bits, colour, interlaced } = header;
  const channels = SAMPLES.get(colour)!;
  const passes = (interlaced ? ADAM7 : [[0, 0, 1, 1]]).map(([x, y, dx, dy]) => ({
    x,
    y,
    dx,
    dy,
    columns: Math.ceil((width - x) / dx),
    rows: Math.ceil((height - y) / dy),
  })).filter(({ columns, rows }) => columns > 0 && rows > 0);
  const rowBytes = (columns: number) => Math.ceil(columns * channels * bits / 8);
  const length = passes.reduce((sum, p) => sum + p.rows * (1 + rowBytes(p.columns)), 0);
  const raw = await inflate(path, data, "deflate", () => length);

  const values = new (bits === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  const pixelBytes = Math.max(1, channels * bits >> 3);
  let at = 0;
  for (const { x, y, dx, dy, columns, rows } of passes) {
    const count = rowBytes(columns);
    let above: Uint8Array = new Uint8Array(count);
    for (let r = 0; r < rows; r++) {
      const row = raw.subarray(at + 1, at + 1 + count);
      if (!unfilter(raw[at], row, above, pixelBytes)) {
        throw damaged(path, `a row has the unknown filter ${raw[at]}`);
      }
      at += 1 + count;
      above = row;
      for (let c = 0; c < columns; c++) {
        const to = ((y + r * dy) * width + x + c * dx) * channels;
        for (let s = 0; s < channels; s++) values[to + s] = sample(row, c * channels + s, bits);
      }
    }
  }
  return asPillow(path, { width, height, channels, values }, header, palette);
}

/** Encodes a grey picture. */
export function encodeGreyPng({ width, height, values }: Picture): Uint8Array {
  return encode({
    width,
    height,
    data: values,
    channels: 1,
    depth: values instanceof Uint8Array ? 8 : 16,
  });
}

function readChunks(
  path: string,
  bytes: Uint8Array,
): { header: PngHeader; palette: Uint8Array; data: Uint8Array } {
  const signature = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10];
  if (signature.some((byte, i) => bytes[i] !== byte)) {
    throw damaged(path, "it does not begin like a PNG file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: PngHeader | undefined;
  let palette = new Uint8Array(0);
  const parts: Uint8Array[] = [];
  for (let at = 8;;) {
    const end = at + 8 > bytes.length ? Infinity : at + 12 + view.getUint32(at);
    if (end > bytes.length) throw damaged(path, `the file ends at byte ${bytes.length}, too early`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, end - 4);
    at = end;
    if (type === "IHDR") header = parseHeader(path, content);
    else if (type === "PLTE") palette = content.slice();
    else if (type === "IDAT") parts.push(content);
    else if (type === "IEND") break;
  }
  if (!header) throw damaged(path, "it has no header");
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    data.set(part, filled);
    filled += part.length;
  }
  return { header, palette, data };
}

function parseHeader(path: string, content: Uint8Array): PngHeader {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (content.length < 13) throw damaged(path, "its header is too short");
  const width = view.getUint32(0), height = view.getUint32(4);
  const [bits, colour, , , interlace] = content.subarray(8);
  if (!SAMPLES.has(colour) || ![1, 2, 4, 8, 16].includes(bits) || width < 1 || height < 1) {
    throw damaged(
      path,
      `its header gives ${width} x ${height}, ${bits} bits, colour type ${colour}`,
    );
  }
  return { width, height, bits, colour, interlaced: interlace === 1 };
}

/** Undoes a row's filter in place; false when there is no such filter. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, step: number): boolean {
  for (let i = 0; i < row.length; i++) {
    const left = i >= step ? row[i - step] : 0;
    const up = above[i];
    if (filter === 1) row[i] += left;
    else if (filter === 2) row[i] += up;
    else if (filter === 3) row[i] += left + up >> 1;
    else if (filter === 4) row[i] += paeth(left, up, i >= step ? above[i - step] : 0);
    else return filter === 0;
  }
  return true;
}

/** Of left, up and upper left the one nearest to left + up − upper left. */
function paeth(left: number, up: number, corner: number): number {
  const a = Math.abs(up - corner), b = Math.abs(left - corner);
  const c = Math.abs(left + up - 2 * corner);
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function sample(row: Uint8Array, i: number, bits: number): number {
  if (bits === 8) return row[i];
  if (bits === 16) return row[2 * i] << 8 | row[2 * i + 1];
  return row[i * bits >> 3] >> (8 - bits - (i * bits & 7)) & (1 << bits) - 1;
}

function asPillow(
  path: string,
  picture: Picture,
  { bits, colour }: PngHeader,
  palette: Uint8Array,
): Picture {
  const { values, channels } = picture;
  const count = values.length / channels;
  if (colour === 3) {
    if (values.some((index) => 3 * index + 2 >= palette.length)) {
      throw damaged(path, `it uses colours beyond the ${palette.length / 3} of its palette`);
    }
    const rgb = new Uint8Array(3 * count);
    for (let i = 0; i < rgb.length; i++) rgb[i] = palette[3 * values[Math.floor(i / 3)] + i % 3];
    return { ...picture, channels: 3, values: rgb };
  }
  if (bits === 2 || bits === 4) {
    const step = 255 / ((1 << bits) - 1);
    return { ...picture, values: values.map((x) => x * step) };
  }
  if (bits < 16 || channels === 1) return picture;
  const high = Uint8Array.from(values, (x) => x >> 8);
  if (channels > 2) return { ...picture, values: high };
  const rgba = Uint8Array.from(
    { length: 4 * count },
    (_, i) => high[2 * (i >> 2) + (i % 4 === 3 ? 1 : 0)],
  );
  return { ...picture, channels: 4, values: rgba };
}
