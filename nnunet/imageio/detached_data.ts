import type { Store } from "../store.ts";
import { damaged } from "./damaged.ts";
import { fileSize } from "./file_size.ts";
import { inflate } from "./inflate.ts";

/** Where and how a header says its values are stored. */
export interface DataPlace {
  /** File with the values; the header's own when they follow it. */
  path: string;
  /** First byte that belongs to the data. */
  begin: number;
  /** Byte after the last, of compressed data; else the end of the file. */
  end?: number;
  compression?: "gzip" | "deflate";
}

/**
 * Reads `length` bytes of values. `skip` bytes before them are left out, after decompression where
 * there is one; -1 takes the last `length` bytes of a file.
 *
 * @throws {DataError} when there are fewer; no memory is taken before
 */
export async function readData(
  store: Store,
  { path, begin, end, compression }: DataPlace,
  length: number,
  skip = 0,
): Promise<Uint8Array> {
  const size = await fileSize(store, path);
  if (compression) {
    if (end !== undefined && end > size) {
      throw damaged(path, `the file ends at byte ${size}, the header promises ${end}`);
    }
    const compressed = await store.readRange(path, begin, end ?? size);
    const content = await inflate(path, compressed, compression, () => skip + length);
    return content.subarray(skip);
  }
  const from = skip < 0 ? size - length : begin + skip;
  if (from < begin || from + length > size) {
    throw damaged(
      path,
      `the file ends at byte ${size}, the header promises ${Math.max(0, from) + length}`,
    );
  }
  return await store.readRange(path, from, from + length);
}

/** Values spread evenly over several files, in order. */
export async function readDataList(
  store: Store,
  paths: string[],
  length: number,
  skip: number,
  compression?: DataPlace["compression"],
): Promise<Uint8Array> {
  const each = length / paths.length;
  // All are looked at before memory is taken for the whole.
  for (const path of paths) {
    const size = await fileSize(store, path);
    if (!compression && size < each + Math.max(0, skip)) {
      throw damaged(path, `the file ends at byte ${size}, the header promises ${each}`);
    }
  }
  const bytes = new Uint8Array(length);
  for (const [i, path] of paths.entries()) {
    bytes.set(await readData(store, { path, begin: 0, compression }, each, skip), i * each);
  }
  return bytes;
}

/** Slices that a pattern may name. */
const MOST_FILES = 100_000;

/** Names that `pattern` (C's `%d`, `%03d`) gives for `min`, `min + step`, … `max`. */
export function expandPattern(
  path: string,
  pattern: string,
  min: number,
  max: number,
  step: number,
): string[] {
  const count = Math.floor((max - min) / step) + 1;
  if (!(count >= 1 && count <= MOST_FILES)) {
    throw damaged(path, `its data files are numbered ${min} to ${max} in steps of ${step}`);
  }
  return Array.from({ length: count }, (_, i) =>
    pattern.replace(
      /%(0?)(\d*)d/,
      (_, zero, width) => String(min + i * step).padStart(Number(width), zero ? "0" : " "),
    ));
}

/**
 * Paths of the data files that the header `path` names; relative names are beside it.
 *
 * @throws {DataError} when one is missing
 */
export async function findDataFiles(
  store: Store,
  path: string,
  names: string[],
): Promise<string[]> {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const paths = names.map((name) => name.startsWith("/") ? name : folder + name);
  for (const [i, file] of paths.entries()) {
    const stat = names[i] === "" ? undefined : await store.stat(file);
    if (!stat || stat.isDirectory) {
      throw damaged(path, `its data file "${names[i]}" is missing`);
    }
  }
  return paths;
}
