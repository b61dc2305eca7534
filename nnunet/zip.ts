import { crc32 } from "./crc32.ts";
import { DataError } from "./errors.ts";
import type { Store } from "./store.ts";

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const DIRECTORY_END = 0x06054b50;
const ZIP64_DIRECTORY_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const LOCAL_HEADER_SIZE = 30;
const DIRECTORY_HEADER_SIZE = 46;
const DIRECTORY_END_SIZE = 22;
const ZIP64_LOCATOR_SIZE = 20;
const ZIP64_DIRECTORY_END_SIZE = 56;
const ZIP64_EXTRA = 0x0001;
const MAX_COMMENT = 0xffff;
const MAX_UINT32 = 0xffffffff;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const SYMBOLIC_LINK = 0o120000;
const FILE_KIND = 0o170000;
/** Deflate cannot exceed 1032; real arrays of more than this size stay well below. */
const MAX_RATIO = 1000;
const SMALL = 64 * 2 ** 20;

/** A file in a zip archive. */
export interface ZipEntry {
  name: string;
  method: number;
  crc32: number;
  compressedSize: number;
  size: number;
  /** Where its local header begins. */
  offset: number;
}

/**
 * A zip archive in a store, read member by member.
 *
 * Archives that could do harm are refused: absolute names and `..`, links, names that occur twice,
 * sizes that the file cannot hold.
 */
export class ZipFile {
  private constructor(
    readonly store: Store,
    readonly path: string,
    /** By name, in the order of the archive. */
    readonly entries: ReadonlyMap<string, ZipEntry>,
  ) {}

  /** @throws {DataError} when the file is missing, no zip archive, damaged or harmful */
  static async open(store: Store, path: string): Promise<ZipFile> {
    const fileSize = (await store.stat(path))?.size;
    if (fileSize === undefined) {
      throw new DataError(`Cannot read "${path}": there is no such file, check the path`);
    }
    const entries = new Map<string, ZipEntry>();
    for (const entry of await readDirectory(store, path, fileSize)) {
      if (entries.has(entry.name)) throw damaged(path, `it holds "${entry.name}" twice`);
      checkName(path, entry.name);
      const sizes = entry.compressedSize + entry.size;
      const ratio = entry.size / Math.max(entry.compressedSize, 1);
      if (entry.offset + LOCAL_HEADER_SIZE + entry.compressedSize > fileSize || !(sizes >= 0)) {
        throw damaged(path, `"${entry.name}" goes on beyond the end of the file`);
      }
      if (entry.size > SMALL && ratio > MAX_RATIO) {
        throw damaged(path, `"${entry.name}" claims to be ${entry.size} bytes long`);
      }
      if (entry.method === STORED && entry.size !== entry.compressedSize) {
        throw damaged(path, `"${entry.name}" has two lengths`);
      }
      entries.set(entry.name, entry);
    }
    return new ZipFile(store, path, entries);
  }

  /**
   * First byte of a member's content in the file, for reading parts of it.
   *
   * @throws {DataError} when there is no such member or it is compressed
   */
  async offsetOfStored(name: string): Promise<number> {
    const entry = this.#entry(name);
    if (entry.method !== STORED) {
      throw damaged(this.path, `"${name}" is compressed, parts of it cannot be read`);
    }
    return await this.#contentOffset(entry);
  }

  /**
   * Content of a member.
   *
   * @throws {DataError} when there is no such member, or it is damaged
   */
  async read(name: string): Promise<Uint8Array> {
    const entry = this.#entry(name);
    const begin = await this.#contentOffset(entry);
    const raw = await this.store.readRange(this.path, begin, begin + entry.compressedSize);
    const content = entry.method === STORED ? raw : await this.#inflate(entry, raw);
    if (crc32(content) !== entry.crc32) {
      throw damaged(this.path, `the checksum of "${name}" is wrong`);
    }
    return content;
  }

  #entry(name: string): ZipEntry {
    const entry = this.entries.get(name);
    if (entry === undefined) throw damaged(this.path, `it has no "${name}"`);
    return entry;
  }

  async #contentOffset({ name, offset, compressedSize }: ZipEntry): Promise<number> {
    const header = await this.store.readRange(this.path, offset, offset + LOCAL_HEADER_SIZE);
    const view = new DataView(header.buffer, header.byteOffset);
    if (view.getUint32(0, true) !== LOCAL_HEADER) {
      throw damaged(this.path, `"${name}" is not where the directory says`);
    }
    const begin = offset + LOCAL_HEADER_SIZE + view.getUint16(26, true) + view.getUint16(28, true);
    const { size } = (await this.store.stat(this.path))!;
    if (begin + compressedSize > size) {
      throw damaged(this.path, `"${name}" goes on beyond the end of the file`);
    }
    return begin;
  }

  async #inflate({ name, method, size }: ZipEntry, raw: Uint8Array): Promise<Uint8Array> {
    if (method !== DEFLATED) {
      throw damaged(this.path, `"${name}" is compressed by the unknown method ${method}`);
    }
    const content = new Uint8Array(size);
    let filled = 0;
    const stream = new Blob([raw as Uint8Array<ArrayBuffer>]).stream()
      .pipeThrough(new DecompressionStream("deflate-raw"));
    try {
      for await (const chunk of stream) {
        if (filled + chunk.length > size) throw new RangeError("more comes out than promised");
        content.set(chunk, filled);
        filled += chunk.length;
      }
    } catch (error) {
      throw damaged(this.path, `"${name}" cannot be decompressed: ${(error as Error).message}`);
    }
    if (filled < size) throw damaged(this.path, `"${name}" ends after ${filled} of ${size} bytes`);
    return content;
  }
}

async function readDirectory(store: Store, path: string, fileSize: number): Promise<ZipEntry[]> {
  const tailBegin = Math.max(
    0,
    fileSize - DIRECTORY_END_SIZE - MAX_COMMENT - ZIP64_LOCATOR_SIZE - ZIP64_DIRECTORY_END_SIZE,
  );
  const tail = await store.readRange(path, tailBegin, fileSize);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  let end = tail.length - DIRECTORY_END_SIZE;
  while (end >= 0 && view.getUint32(end, true) !== DIRECTORY_END) end--;
  if (end < 0) throw damaged(path, "it is no zip archive, or its end is missing");

  let count = view.getUint16(end + 10, true);
  let size = view.getUint32(end + 12, true);
  let begin = view.getUint32(end + 16, true);
  const locator = end - ZIP64_LOCATOR_SIZE;
  if (locator >= ZIP64_DIRECTORY_END_SIZE && view.getUint32(locator, true) === ZIP64_LOCATOR) {
    const end64 = Number(view.getBigUint64(locator + 8, true)) - tailBegin;
    if (!(end64 >= 0 && end64 < locator) || view.getUint32(end64, true) !== ZIP64_DIRECTORY_END) {
      throw damaged(path, "its directory is not where its end says");
    }
    count = Number(view.getBigUint64(end64 + 32, true));
    size = Number(view.getBigUint64(end64 + 40, true));
    begin = Number(view.getBigUint64(end64 + 48, true));
  }
  if (begin + size > fileSize || count * DIRECTORY_HEADER_SIZE > size) {
    throw damaged(path, "its directory goes on beyond the end of the file");
  }
  return parseDirectory(path, await store.readRange(path, begin, begin + size), count);
}

function parseDirectory(path: string, bytes: Uint8Array, count: number): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  let at = 0;
  try {
    for (let i = 0; i < count; i++) {
      if (view.getUint32(at, true) !== DIRECTORY_HEADER) throw new RangeError();
      const nameEnd = at + DIRECTORY_HEADER_SIZE + view.getUint16(at + 28, true);
      const extraEnd = nameEnd + view.getUint16(at + 30, true);
      const next = extraEnd + view.getUint16(at + 32, true);
      if (next > bytes.length) throw new RangeError();
      const name = new TextDecoder().decode(bytes.subarray(at + DIRECTORY_HEADER_SIZE, nameEnd));
      if (view.getUint16(at + 8, true) & ENCRYPTED) throw damaged(path, `"${name}" is encrypted`);
      if ((view.getUint16(at + 40, true) & FILE_KIND) === SYMBOLIC_LINK) {
        throw damaged(path, `"${name}" is a link`);
      }
      entries.push({
        name,
        method: view.getUint16(at + 10, true),
        crc32: view.getUint32(at + 16, true),
        ...sizesAndOffset(view, at, nameEnd, extraEnd),
      });
      at = next;
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(path, "its directory is cut off or corrupt");
  }
  return entries;
}

/** Numbers that do not fit into 32 bits stand in the ZIP64 extra field, in this order. */
function sizesAndOffset(
  view: DataView,
  at: number,
  extraBegin: number,
  extraEnd: number,
): { size: number; compressedSize: number; offset: number } {
  const [size, compressedSize, offset] = [24, 20, 42].map((i) => view.getUint32(at + i, true));
  let wide = extraBegin;
  while (wide + 4 <= extraEnd && view.getUint16(wide, true) !== ZIP64_EXTRA) {
    wide += 4 + view.getUint16(wide + 2, true);
  }
  wide += 4;
  const widen = (value: number): number => {
    if (value !== MAX_UINT32 || wide + 8 > extraEnd) return value;
    wide += 8;
    return Number(view.getBigUint64(wide - 8, true));
  };
  return { size: widen(size), compressedSize: widen(compressedSize), offset: widen(offset) };
}

function checkName(path: string, name: string): void {
  const parts = name.split(/[/\\]/);
  if (parts[0] === "" || /^[A-Za-z]:/.test(name) || parts.includes("..") || name.includes("\\")) {
    throw damaged(path, `it holds "${name}", which points out of the archive`);
  }
}

function damaged(path: string, what: string): DataError {
  return new DataError(`Cannot read "${path}": ${what}, copy or make the file again`);
}
