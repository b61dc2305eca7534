import { datasetName } from "../nnunet/dataset.ts";
import type { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";

/**
 * Name of the dataset that a user means by an id (`4`) or a name, looked for under raw, preprocessed
 * and results.
 *
 * @throws {DataError} when there is none or several
 */
export async function findDataset(
  store: DenoStore,
  folders: Folders,
  nameOrId: string | number,
): Promise<string> {
  const entries = await Promise.all(folders.known.map((folder) => store.list(folder)));
  const names = entries.flat().filter((entry) => entry.isDirectory).map((entry) => entry.name);
  return datasetName(nameOrId, names);
}
