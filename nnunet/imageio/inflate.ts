import { Gunzip } from "fflate";
import { crc32 } from "../crc32.ts";
import { DataError } from "../errors.ts";
import { damaged } from "./damaged.ts";

/** Enough decompressed bytes to know from a header how many there will be (NIfTI-2: 540). */
const HEAD = 544;

/** The densest deflate stream: 258 bytes from two bits, plus the ends of short streams. */
const MOST_BYTES_PER_BYTE = 1032;

/** Small slices bound what one step of decompression can produce. */
const SLICE = 1 << 16;

/**
 * Decompresses a whole file and checks its checksum.
 *
 * `promised` is asked once, with the first (up to 544) decompressed bytes, how many bytes the
 * content has; memory is taken only after that number was found possible. Bytes beyond are dropped.
 *
 * @throws {DataError} when the stream is cut off, corrupt, or shorter than promised
 */
export async function inflate(
  path: string,
  compressed: Uint8Array,
  format: "gzip" | "deflate",
  promised: (head: Uint8Array) => number,
): Promise<Uint8Array> {
  if (format === "gzip" && (compressed[0] !== 0x1f || compressed[1] !== 0x8b)) {
    throw damaged(path, "it is named as gzip but is not compressed");
  }
  try {
    const content = new Content(path, compressed.length, promised);
    await decompress(compressed, format, (chunk) => content.add(chunk));
    return content.finish();
  } catch (error) {
    if (error instanceof DataError) throw error;
    if (format === "gzip") {
      const content = new Content(path, compressed.length, promised);
      if (decompressMembers(path, compressed, (chunk) => content.add(chunk)) > 1) {
        return content.finish();
      }
    }
    throw damaged(path, `its compressed data is cut off or corrupt (${(error as Error).message})`);
  }
}

/** Compresses as `gzip` or zlib (`deflate`). */
export async function deflate(
  content: Uint8Array,
  format: "gzip" | "deflate",
): Promise<Uint8Array> {
  const stream = new Blob([content as Uint8Array<ArrayBuffer>]).stream()
    .pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Collects decompressed bytes into one array of the promised size. */
class Content {
  #head = new Uint8Array(HEAD);
  #content: Uint8Array | undefined;
  #filled = 0;

  constructor(
    readonly path: string,
    readonly compressedSize: number,
    readonly promised: (head: Uint8Array) => number,
  ) {}

  add(chunk: Uint8Array): void {
    if (!this.#content) {
      const part = chunk.subarray(0, HEAD - this.#filled);
      this.#head.set(part, this.#filled);
      this.#filled += part.length;
      chunk = chunk.subarray(part.length);
      if (this.#filled < HEAD) return;
      this.#open();
    }
    const content = this.#content!;
    const part = chunk.subarray(0, Math.max(0, content.length - this.#filled));
    content.set(part, this.#filled);
    this.#filled += part.length;
  }

  finish(): Uint8Array {
    if (!this.#content) this.#open();
    if (this.#filled < this.#content!.length) {
      throw damaged(
        this.path,
        `its content ends at byte ${this.#filled}, the header promises ${this.#content!.length}`,
      );
    }
    return this.#content!;
  }

  #open(): void {
    const size = this.promised(this.#head.subarray(0, this.#filled));
    if (size > this.compressedSize * MOST_BYTES_PER_BYTE + HEAD) {
      throw damaged(
        this.path,
        `the header promises ${size} bytes, its ${this.compressedSize} compressed bytes cannot ` +
          `hold so many`,
      );
    }
    try {
      this.#content = new Uint8Array(size);
    } catch {
      throw new DataError(
        `Cannot read "${this.path}": its ${(size / 2 ** 30).toFixed(1)} GiB do not fit into ` +
          `memory, crop or split the image`,
      );
    }
    this.#filled = Math.min(this.#filled, size);
    this.#content.set(this.#head.subarray(0, this.#filled));
  }
}

async function decompress(
  compressed: Uint8Array,
  format: "gzip" | "deflate",
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const stream = new DecompressionStream(format);
  const reader = stream.readable.getReader();
  const feed = async () => {
    const writer = stream.writable.getWriter();
    for (let i = 0; i < compressed.length; i += SLICE) {
      await writer.write(compressed.subarray(i, i + SLICE) as Uint8Array<ArrayBuffer>);
    }
    await writer.close();
  };
  const drain = async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
      }
    } catch (error) {
      await reader.cancel(error).catch(() => {});
      throw error;
    }
  };
  // The draining side says best what went wrong; the feeding side only learns that it may stop.
  const fed = feed().catch((error) => error);
  await drain();
  const error = await fed;
  if (error instanceof Error) throw error;
}

/**
 * Decompresses gzip files of several members (block gzip, concatenated files), which
 * `DecompressionStream` refuses. Returns the number of members.
 */
function decompressMembers(
  path: string,
  compressed: Uint8Array,
  take: (chunk: Uint8Array) => void,
): number {
  const view = new DataView(compressed.buffer, compressed.byteOffset, compressed.byteLength);
  let members = 1, crc = 0;
  const check = (end: number) => {
    if (view.getUint32(end - 8, true) !== crc) {
      throw damaged(path, `the checksum of part ${members} of its compressed data is wrong`);
    }
  };
  const gunzip = new Gunzip((chunk) => {
    crc = crc32(chunk, crc);
    take(chunk);
  });
  gunzip.onmember = (offset) => {
    check(offset);
    members++;
    crc = 0;
  };
  try {
    for (let i = 0; i < compressed.length; i += SLICE) {
      gunzip.push(compressed.subarray(i, i + SLICE), i + SLICE >= compressed.length);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    return 0;
  }
  if (members > 1) check(compressed.length);
  return members;
}
