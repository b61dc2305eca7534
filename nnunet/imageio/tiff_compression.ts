/** Code that empties the table of TIFF's LZW, and the one that ends the data. */
const CLEAR = 256, END = 257;

/**
 * Decompresses TIFF's LZW (codes of 9 to 12 bits, highest bit first) up to `length` bytes; fewer
 * when the data ends or is corrupt.
 */
export function decodeLzw(data: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  // An entry of the table is a stretch of the output: every string was written once.
  const begins = new Uint32Array(4096), lengths = new Uint32Array(4096);
  let size = 258, width = 9, filled = 0;
  let bits = 0, available = 0, previous = -1;
  for (let i = 0; filled < length;) {
    while (available < width && i < data.length) {
      bits = (bits << 8 | data[i++]) & 0xffffff;
      available += 8;
    }
    if (available < width) break;
    available -= width;
    const code = bits >> available & (1 << width) - 1;
    if (code === END) break;
    if (code === CLEAR) {
      size = 258;
      width = 9;
      previous = -1;
      continue;
    }
    const begin = filled;
    if (previous >= 0 && size < 4096) {
      // The string before and one byte more; that byte may only be written below.
      begins[size] = previous;
      lengths[size] = begin - previous + 1;
      size++;
    }
    if (code < 256) out[filled++] = code;
    else if (code < size) {
      const end = Math.min(begin + lengths[code], length);
      for (let from = begins[code]; filled < end;) out[filled++] = out[from++];
    } else break;
    previous = begin;
    // TIFF widens its codes one entry early.
    if (size + 1 >= 1 << width && width < 12) width++;
  }
  return out.subarray(0, filled);
}

/** Decompresses Apple's PackBits up to `length` bytes; fewer when the data ends. */
export function decodePackBits(data: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let filled = 0;
  for (let i = 0; i + 1 < data.length && filled < length;) {
    const control = data[i++];
    if (control < 128) {
      const run = data.subarray(i, i + Math.min(control + 1, length - filled));
      out.set(run, filled);
      filled += run.length;
      i += control + 1;
    } else if (control > 128) {
      const end = Math.min(filled + 257 - control, length);
      out.fill(data[i++], filled, end);
      filled = end;
    }
  }
  return out.subarray(0, filled);
}
