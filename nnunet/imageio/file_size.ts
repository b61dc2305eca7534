import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";

/** Bytes of a file; throws {@linkcode DataError} when there is none. */
export async function fileSize(store: Store, path: string): Promise<number> {
  const stat = await store.stat(path);
  if (!stat || stat.isDirectory) {
    throw new DataError(`Cannot read "${path}": there is no such file, check the path`);
  }
  return stat.size;
}
