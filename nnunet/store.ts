/** One entry of a folder listing. */
export interface StoreEntry {
  name: string;
  isDirectory: boolean;
}

/** Size and time of last change of one file. */
export interface StoreStat {
  /** Bytes; 0 for a folder. */
  size: number;
  /** Milliseconds since the epoch. */
  modified: number;
  isDirectory: boolean;
}

/**
 * Where the method finds its files: a folder of the machine (`cli/deno_store.ts`), memory
 * (`MemoryStore`), or a folder a browser was given. Paths use `/`; what they are relative to is the
 * store's business. Missing files make `read` reject with a {@linkcode DataError}; `stat` returns
 * `undefined`.
 */
export interface Store {
  read(path: string): Promise<Uint8Array>;
  /** Bytes `[begin, end)` of a file. */
  readRange(path: string, begin: number, end: number): Promise<Uint8Array>;
  /** Writes a whole file or nothing: temporary file, flush, rename. Makes missing folders. */
  write(path: string, content: Uint8Array | string): Promise<void>;
  /** Entries of a folder in code-point order of their names; empty when the folder is missing. */
  list(folder: string): Promise<StoreEntry[]>;
  stat(path: string): Promise<StoreStat | undefined>;
  /** Removes a file or a folder with all it holds; missing is fine. */
  remove(path: string): Promise<void>;
}
