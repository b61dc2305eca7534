import { compareCodePoints } from "./code_points.ts";
import { DataError } from "./errors.ts";
import type { Store, StoreEntry, StoreStat } from "./store.ts";

/** Files in memory as a {@linkcode Store}: for tests, and for a page that keeps nothing on disk. */
export class MemoryStore implements Store {
  readonly #files = new Map<string, { content: Uint8Array; modified: number }>();

  // deno-lint-ignore require-await
  async read(path: string): Promise<Uint8Array> {
    return this.#file(path).content.slice();
  }

  /** Throws {@linkcode DataError} also when the file ends before `end`. */
  // deno-lint-ignore require-await
  async readRange(path: string, begin: number, end: number): Promise<Uint8Array> {
    const { content } = this.#file(path);
    if (!(begin >= 0 && begin <= end)) {
      throw new RangeError(`Cannot read bytes [${begin}, ${end}) of "${path}": not a range`);
    }
    if (end > content.length) {
      throw new DataError(
        `Cannot read bytes [${begin}, ${end}) of "${path}": the file has ${content.length} bytes, ` +
          `make or copy it again`,
      );
    }
    return content.slice(begin, end);
  }

  // deno-lint-ignore require-await
  async write(path: string, content: Uint8Array | string): Promise<void> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content.slice();
    this.#files.set(normal(path), { content: bytes, modified: Date.now() });
  }

  // deno-lint-ignore require-await
  async list(folder: string): Promise<StoreEntry[]> {
    const inside = prefix(folder);
    const entries = new Map<string, boolean>();
    for (const path of this.#files.keys()) {
      if (!path.startsWith(inside)) continue;
      const [name, ...below] = path.slice(inside.length).split("/");
      entries.set(name, below.length > 0);
    }
    return [...entries]
      .map(([name, isDirectory]) => ({ name, isDirectory }))
      .sort((a, b) => compareCodePoints(a.name, b.name));
  }

  async stat(path: string): Promise<StoreStat | undefined> {
    const file = this.#files.get(normal(path));
    if (file) return { size: file.content.length, modified: file.modified, isDirectory: false };
    const isDirectory = (await this.list(path)).length > 0;
    return isDirectory ? { size: 0, modified: 0, isDirectory } : undefined;
  }

  // deno-lint-ignore require-await
  async remove(path: string): Promise<void> {
    this.#files.delete(normal(path));
    for (const file of [...this.#files.keys()]) {
      if (file.startsWith(prefix(path))) this.#files.delete(file);
    }
  }

  #file(path: string): { content: Uint8Array; modified: number } {
    const file = this.#files.get(normal(path));
    if (!file) throw new DataError(`Cannot read "${path}": there is no such file, check the path`);
    return file;
  }
}

/** `./a//b/../c` and `a/c` are one file, as on disk. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function prefix(folder: string): string {
  const path = normal(folder);
  return path === "" ? "" : path + "/";
}
