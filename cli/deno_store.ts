import { randomUUID } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { compareCodePoints } from "../nnunet/code_points.ts";
import { DataError } from "../nnunet/errors.ts";
import type { Store, StoreEntry, StoreStat } from "../nnunet/store.ts";

/**
 * Files of this machine as a {@linkcode Store}. Paths are relative to `root` (default: the working
 * folder); absolute paths are taken as they are.
 */
export class DenoStore implements Store {
  readonly #root: string;

  constructor(root = ".") {
    this.#root = resolve(root);
  }

  #path(path: string): string {
    return resolve(this.#root, path);
  }

  /** Throws {@linkcode DataError} when the file is missing, a folder, or may not be read. */
  async read(path: string): Promise<Uint8Array> {
    return await readable(path, () => Deno.readFile(this.#path(path)));
  }

  /** Throws {@linkcode DataError} also when the file ends before `end`. */
  async readRange(path: string, begin: number, end: number): Promise<Uint8Array> {
    if (!(begin >= 0 && begin <= end)) {
      throw new RangeError(`Cannot read bytes [${begin}, ${end}) of "${path}": not a range`);
    }
    return await readable(path, async () => {
      using file = await Deno.open(this.#path(path));
      // Checked before memory is taken: `end` may come from a damaged header.
      const { size } = await file.stat();
      if (end > size) {
        throw new DataError(
          `Cannot read bytes [${begin}, ${end}) of "${path}": the file has ${size} bytes, ` +
            `make or copy it again`,
        );
      }
      await file.seek(begin, Deno.SeekMode.Start);
      const bytes = new Uint8Array(end - begin);
      for (let filled = 0; filled < bytes.length;) {
        const count = await file.read(bytes.subarray(filled));
        if (count === null) {
          throw new DataError(
            `Cannot read bytes [${begin}, ${end}) of "${path}": it shrank while it was read, ` +
              `run again when nothing else writes to it`,
          );
        }
        filled += count;
      }
      return bytes;
    });
  }

  /** Throws {@linkcode DataError} when the folder cannot be written to or the disk is full. */
  async write(path: string, content: Uint8Array | string): Promise<void> {
    const target = this.#path(path);
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    // In the same folder, because a rename is atomic within one file system only; the leading dot
    // keeps a file left behind by a power cut out of every listing of cases.
    const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.part`);
    try {
      await Deno.mkdir(dirname(target), { recursive: true });
      using file = await Deno.open(temporary, { write: true, createNew: true });
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      await file.sync();
    } catch (error) {
      await removeQuietly(temporary);
      throw unwritable(path, error);
    }
    try {
      await Deno.rename(temporary, target);
    } catch (error) {
      await removeQuietly(temporary);
      throw unwritable(path, error);
    }
  }

  async list(folder: string): Promise<StoreEntry[]> {
    const entries: StoreEntry[] = [];
    try {
      for await (const { name, isDirectory, isSymlink } of Deno.readDir(this.#path(folder))) {
        const linked = isSymlink ? await this.stat(join(folder, name)) : undefined;
        entries.push({ name, isDirectory: linked?.isDirectory ?? isDirectory });
      }
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw unreadable(folder, error);
    }
    return entries.sort((a, b) => compareCodePoints(a.name, b.name));
  }

  async stat(path: string): Promise<StoreStat | undefined> {
    try {
      const { size, mtime, isDirectory } = await Deno.stat(this.#path(path));
      return { size: isDirectory ? 0 : size, modified: mtime?.getTime() ?? 0, isDirectory };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw unreadable(path, error);
    }
  }

  async remove(path: string): Promise<void> {
    try {
      await Deno.remove(this.#path(path), { recursive: true });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw unwritable(path, error);
    }
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): unknown {
  return explained(`Cannot read "${path}"`, error, {
    missing: "there is no such file, check the path",
    forbidden: "this user may not read it, change its permissions",
  });
}

function unwritable(path: string, error: unknown): unknown {
  return explained(`Cannot write "${path}"`, error, {
    missing: "its folder went away, make it again",
    forbidden: "this user may not write there, change its permissions or choose another folder",
  });
}

/** The file system's error as one line a user can act on; anything else stays as it is. */
function explained(
  what: string,
  error: unknown,
  why: { missing: string; forbidden: string },
): unknown {
  if (!(error instanceof Error) || error instanceof DataError) return error;
  const cause = { cause: error };
  const code = (error as { code?: string }).code;
  if (error instanceof Deno.errors.NotFound) return new DataError(`${what}: ${why.missing}`, cause);
  if (error instanceof Deno.errors.PermissionDenied) {
    return new DataError(`${what}: ${why.forbidden}`, cause);
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new DataError(`${what}: it is a folder, name a file`, cause);
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new DataError(`${what}: a part of the path is a file, choose another path`, cause);
  }
  if (code === "ENOSPC") return new DataError(`${what}: the disk is full, free some space`, cause);
  if (code?.startsWith("E")) return new DataError(`${what}: ${error.message}`, cause);
  return error;
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // The error that led here says more.
  }
}
