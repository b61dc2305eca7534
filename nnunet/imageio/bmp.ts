import { damaged, unsupported } from "./damaged.ts";
import type { Picture } from "./png.ts";

/** Headers of a Windows bitmap: the file's and the picture's. */
const FILE_HEADER = 14, INFO_HEADER = 40;

/**
 * Decodes a Windows bitmap as scikit-image does by way of Pillow: a palette of greys in order gives
 * one channel, everything else three.
 *
 * @throws {DataError} when the file is damaged or compressed
 */
export function decodeBmp(path: string, bytes: Uint8Array): Picture {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < FILE_HEADER + INFO_HEADER || bytes[0] !== 0x42 || bytes[1] !== 0x4d) {
    throw damaged(path, "it does not begin like a BMP file");
  }
  const begin = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width < 1 || height < 1) {
    throw damaged(path, `its header gives the size ${width} x ${height}`);
  }
  const direct = bits === 24 || bits === 32;
  if (headerSize < INFO_HEADER || !(direct || [1, 4, 8].includes(bits)) || compression !== 0) {
    throw unsupported(
      path,
      `a BMP of ${bits} bits, compression ${compression}, is not read`,
      "save it as .png",
    );
  }
  const rowBytes = (width * bits + 31 >> 5) * 4;
  if (begin + rowBytes * height > bytes.length) {
    throw damaged(
      path,
      `the file ends at byte ${bytes.length}, the header promises ${begin + rowBytes * height}`,
    );
  }
  const colours = direct ? 0 : view.getUint32(46, true) || 1 << bits;
  const palette = bytes.subarray(FILE_HEADER + headerSize, FILE_HEADER + headerSize + 4 * colours);
  const isGrey = !direct &&
    palette.every((x, i) => i % 4 === 3 || x === (colours === 2 ? 255 : 1) * (i >> 2));
  const channels = isGrey ? 1 : 3;
  const values = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    // Rows run from the bottom unless the height is negative.
    const row = begin + rowBytes * (signedHeight < 0 ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * channels;
      if (direct) {
        const from = row + x * (bits >> 3);
        for (let c = 0; c < 3; c++) values[to + c] = bytes[from + 2 - c];
        continue;
      }
      const index = bytes[row + (x * bits >> 3)] >> (8 - bits - (x * bits & 7)) & (1 << bits) - 1;
      if (isGrey) values[to] = index;
      else for (let c = 0; c < 3; c++) values[to + c] = palette[4 * index + 2 - c];
    }
  }
  return { width, height, channels, values };
}

/** Encodes a grey picture of 8 bits. */
export function encodeGreyBmp({ width, height, values }: Picture): Uint8Array {
  const begin = FILE_HEADER + INFO_HEADER + 4 * 256;
  const rowBytes = width + 3 & ~3;
  const bytes = new Uint8Array(begin + rowBytes * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, begin, true);
  view.setUint32(14, INFO_HEADER, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 8, true);
  view.setUint32(34, rowBytes * height, true);
  view.setUint32(46, 256, true);
  for (let i = 0; i < 256; i++) bytes.fill(i, 54 + 4 * i, 57 + 4 * i);
  for (let y = 0; y < height; y++) {
    bytes.set(values.subarray(y * width, (y + 1) * width), begin + (height - 1 - y) * rowBytes);
  }
  return bytes;
}
