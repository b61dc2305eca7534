import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import { damaged } from "./damaged.ts";
import { deflate } from "./inflate.ts";
import { decodePage, pageShape } from "./tiff_decode.ts";
import { parseTiff, type TiffFile, type TiffPage } from "./tiff_pages.ts";
import { bytesOfVoxels, type Voxels } from "./voxels.ts";

/** An array as a TIFF file holds it, slowest axis first. */
export interface TiffArray {
  shape: number[];
  voxels: Voxels;
}

/**
 * Reads the first series of a TIFF file as tifffile's `imread` does: pages of one kind make a
 * stack; descriptions of tifffile, ImageJ and OME-TIFF give its axes.
 *
 * @throws {DataError} when the file is damaged or of a kind that is not read
 */
export async function readTiff(
  store: Store,
  path: string,
): Promise<TiffArray & { firstPage: TiffPage }> {
  const file = parseTiff(path, await store.read(path));
  if (file.pages.length === 0) throw damaged(path, "it has no pages");
  const [first] = file.pages;
  const inside = pageShape(first);
  const pages = file.pages.filter((page) => isAlike(page, first));
  const axes = describedAxes(first.description, inside) ?? (pages.length > 1 ? [pages.length] : []);
  const count = axes.reduce((a, b) => a * b, 1);
  const shape = [...axes, ...inside];
  const stack = count > pages.length ? followingPages(path, file, first, count) : pages;
  if (count === 1) {
    return { shape, voxels: await decodePage(path, file, first), firstPage: first };
  }

  let voxels: Voxels | undefined;
  for (let i = 0; i < count; i++) {
    const page = await decodePage(path, file, stack[i]);
    voxels ??= new (page.constructor as new (length: number) => Voxels)(page.length * count);
    // deno-lint-ignore no-explicit-any -- bigint and number arrays do not meet in one type
    (voxels as any).set(page, i * page.length);
  }
  return { shape, voxels: voxels!, firstPage: first };
}

/**
 * Writes a grey TIFF file, a page for each slice, with tifffile's description of its shape.
 *
 * @throws {DataError} when it gets too large for TIFF
 */
export async function writeTiff(
  store: Store,
  path: string,
  { shape, voxels }: { shape: number[]; voxels: Uint8Array | Uint16Array },
  { compress }: { compress: boolean },
): Promise<void> {
  const [height, width] = shape.slice(-2);
  const count = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const parts: Uint8Array[] = [Uint8Array.of(0x49, 0x49, 42, 0, 8, 0, 0, 0)];
  let at = 8;
  for (let i = 0; i < count; i++) {
    const raw = bytesOfVoxels(voxels.subarray(i * height * width, (i + 1) * height * width));
    const data = compress ? await deflate(raw, "deflate") : raw;
    const description = i === 0 ? `${JSON.stringify({ shape }).replace(/([:,])/g, "$1 ")}\0` : "";
    const page = pageBytes(at, {
      width,
      height,
      bits: 8 * voxels.BYTES_PER_ELEMENT,
      compression: compress ? 8 : 1,
      description,
      data,
      last: i === count - 1,
    });
    parts.push(page);
    at += page.length;
  }
  if (at > 0xffffffff) {
    throw new DataError(`Cannot write "${path}": ${at} bytes exceed TIFF's 4 GiB, use .nii.gz`);
  }
  const file = new Uint8Array(at);
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  await store.write(path, file);
}

function isAlike(a: TiffPage, b: TiffPage): boolean {
  return `${pageShape(a)}` === `${pageShape(b)}` && a.bits === b.bits && a.kind === b.kind &&
    a.compression === b.compression;
}

/** Extents of the axes outside a page; `undefined` when the description gives none that fit. */
function describedAxes(description: string, inside: number[]): number[] | undefined {
  const shaped = /^\{.*"shape": \[([\d, ]+)\]/.exec(description);
  if (shaped) {
    const shape = shaped[1].split(",").map(Number);
    const outside = shape.slice(0, shape.length - inside.length);
    return `${shape.slice(outside.length)}` === `${inside}` ? outside : undefined;
  }
  const extent = (pattern: RegExp) => Number(pattern.exec(description)?.[1] ?? 1);
  if (description.startsWith("ImageJ=")) {
    const axes = [/^frames=(\d+)/m, /^slices=(\d+)/m, /^channels=(\d+)/m].map(extent);
    const named = axes.reduce((a, b) => a * b, 1);
    const images = extent(/^images=(\d+)/m);
    return (named === images ? axes : [images]).filter((n) => n > 1);
  }
  if (/<OME\b/.test(description)) {
    return [/SizeT="(\d+)"/, /SizeZ="(\d+)"/, /SizeC="(\d+)"/].map(extent).filter((n) => n > 1);
  }
  return undefined;
}

/** Pages without directories of their own: large stacks of ImageJ lie one after the other. */
function followingPages(path: string, file: TiffFile, first: TiffPage, count: number): TiffPage[] {
  const size = first.byteCounts.reduce((a, b) => a + b, 0);
  const end = first.offsets[0] + size * count;
  const joined = first.offsets.every((o, i) =>
    i === 0 || o === first.offsets[i - 1] + first.byteCounts[i - 1]
  );
  if (first.compression !== 1 || !joined || end > file.bytes.length) {
    throw damaged(path, `it holds ${file.pages.length} pages, its description promises ${count}`);
  }
  return Array.from({ length: count }, (_, i) => ({
    ...first,
    offsets: first.offsets.map((o) => o + i * size),
  }));
}

/** Directory, description and pixels of one page that begins at byte `at` of the file. */
function pageBytes(
  at: number,
  { width, height, bits, compression, description, data, last }: {
    width: number;
    height: number;
    bits: number;
    compression: number;
    description: string;
    data: Uint8Array;
    last: boolean;
  },
): Uint8Array {
  const SHORT = 3, LONG = 4, ASCII = 2;
  const count = description ? 10 : 9;
  const text = at + 2 + 12 * count + 4;
  const pixels = text + description.length + (description.length % 2);
  const end = pixels + data.length + (data.length % 2);
  const entries: [tag: number, type: number, count: number, value: number][] = [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, bits],
    [259, SHORT, 1, compression],
    [262, SHORT, 1, 1], // 0 is black
    ...(description
      ? [[270, ASCII, description.length, text] as [number, number, number, number]]
      : []),
    [273, LONG, 1, pixels],
    [277, SHORT, 1, 1],
    [278, LONG, 1, height],
    [279, LONG, 1, data.length],
  ];
  const bytes = new Uint8Array(end - at);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, count, true);
  entries.forEach(([tag, type, length, value], i) => {
    view.setUint16(2 + 12 * i, tag, true);
    view.setUint16(4 + 12 * i, type, true);
    view.setUint32(6 + 12 * i, length, true);
    view.setUint32(10 + 12 * i, value, true);
  });
  view.setUint32(2 + 12 * count, last ? 0 : end, true);
  bytes.set(new TextEncoder().encode(description), text - at);
  bytes.set(data, pixels - at);
  return bytes;
}
