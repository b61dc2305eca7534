import * as v from "valibot";
import { parseJsonFile } from "../json_file.ts";
import type { Store } from "../store.ts";

const schema = v.object({
  settings: v.string(),
  cases: v.record(v.string(), v.string()),
});

/** Which cases were made from which files with the settings of this run; a rerun continues there. */
export class Journal {
  #written: Promise<void> = Promise.resolve();

  private constructor(
    readonly store: Store,
    readonly path: string,
    readonly settings: string,
    /** Source files by case identifier. */
    readonly cases: Map<string, string>,
  ) {}

  /** Begins a new one where there is none, or one of other settings. */
  static async open(store: Store, path: string, settings: string): Promise<Journal> {
    if (await store.stat(path)) {
      const text = new TextDecoder().decode(await store.read(path));
      const written = parseJsonFile(schema, text, path);
      if (written.settings === settings) {
        return new Journal(store, path, settings, new Map(Object.entries(written.cases)));
      }
    }
    return new Journal(store, path, settings, new Map());
  }

  /** Notes a case that is complete on disk. Cases may finish at the same time. */
  async add(identifier: string, sources: string): Promise<void> {
    this.cases.set(identifier, sources);
    this.#written = this.#written.then(() => this.#write());
    await this.#written;
  }

  async #write(): Promise<void> {
    const { settings, cases } = this;
    const content = { settings, cases: Object.fromEntries(cases) };
    await this.store.write(this.path, JSON.stringify(content, undefined, 1));
  }
}
