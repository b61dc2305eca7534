import { groupChannels } from "../dataset.ts";
import { readImages } from "../imageio/mod.ts";
import type { MedicalImage } from "../imageio/image.ts";
import { writeItkFile } from "../imageio/itk_file.ts";
import type { ReaderName } from "../imageio/reader_choice.ts";
import { MemoryStore } from "../memory_store.ts";
import type { Store } from "../store.ts";
import { type DecodeSlices, readSeries } from "./series.ts";

/** Names of the folders in `folder`, each of which is to hold one series. */
export async function listSeriesFolders(store: Store, folder: string): Promise<string[]> {
  const entries = await store.list(folder);
  return entries.filter(({ name, isDirectory }) => isDirectory && !/^[._]/.test(name))
    .map(({ name }) => name);
}

/**
 * Folders by case, in channel order: `CASE_0000`, `CASE_0001` are channels, names without such
 * numbers cases of one channel.
 */
export function groupSeries(names: string[]): [identifier: string, folders: string[]][] {
  const numbered = names.some((name) => name.endsWith("_0000"));
  return numbered ? groupChannels(names, "") : names.map((name) => [name, [name]]);
}

/**
 * Reads the series of one case as its channels: what `reader` gives for the NIfTI files that
 * `prepare` makes of them.
 *
 * @throws {DataError} as {@linkcode readSeries}
 */
export async function readSeriesImages(
  store: Store,
  reader: ReaderName,
  folders: string[],
  decode: DecodeSlices,
): Promise<MedicalImage> {
  const memory = new MemoryStore();
  const paths = folders.map((folder) => `${folder}.nii`);
  for (const [channel, folder] of folders.entries()) {
    await writeItkFile(memory, paths[channel], await readSeries(store, folder, decode));
  }
  return await readImages(memory, reader, paths);
}
