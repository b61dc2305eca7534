import type { Store } from "../store.ts";
import { damaged } from "./damaged.ts";
import { fileSize } from "./file_size.ts";

/** Longest header that is looked through; key/value pairs of segmentations can be long. */
const LONGEST = 1 << 24;

/** The text header that a file begins with. */
export interface HeaderText {
  /** Without the line ends. */
  lines: string[];
  /** Where the data begins, in bytes. */
  end: number;
  /** Bytes of the file. */
  fileSize: number;
}

/**
 * Reads the lines that a file begins with, up to and without the first that `isLast` accepts; the
 * whole file when none does and `toEnd` allows it.
 *
 * @throws {DataError} when the header does not end
 */
export async function readHeaderText(
  store: Store,
  path: string,
  isLast: (line: string) => boolean,
  { toEnd }: { toEnd: boolean },
): Promise<HeaderText> {
  const size = await fileSize(store, path);
  for (let length = 1 << 14;; length *= 4) {
    const bytes = await store.readRange(path, 0, Math.min(length, size));
    const lines: string[] = [];
    for (let begin = 0; begin < bytes.length;) {
      const newline = bytes.indexOf(10, begin);
      // A line that is cut off by the range, not by the file, is looked at again in a longer range.
      if (newline < 0 && bytes.length < size) break;
      const stop = newline < 0 ? bytes.length : newline;
      const text = decodeLatin1(bytes.subarray(begin, stop)).replace(/\r$/, "");
      begin = stop + 1;
      if (isLast(text)) return { lines: [...lines, text], end: begin, fileSize: size };
      lines.push(text);
    }
    if (bytes.length < size && length < LONGEST) continue;
    if (bytes.length === size && toEnd) return { lines, end: size, fileSize: size };
    throw damaged(path, "its header does not end");
  }
}

/** Bytes as text, one character each. */
export function decodeLatin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** Numbers between blanks; `undefined` unless there are `count` of them. */
export function parseNumbers(text: string, count?: number): number[] | undefined {
  const words = text.trim().split(/\s+/);
  const numbers = words.map((word) => /^nan$/i.test(word) ? NaN : Number(word));
  const bad = numbers.some((x, i) => Number.isNaN(x) && !/^nan$/i.test(words[i]));
  return bad || words[0] === "" || (count !== undefined && numbers.length !== count)
    ? undefined
    : numbers;
}
