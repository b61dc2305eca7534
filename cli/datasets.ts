import { basename } from "node:path";
import {
  type CaseFiles,
  type DatasetJson,
  datasetName,
  discoverCases,
  parseDatasetJson,
} from "../nnunet/dataset.ts";
import { DataError } from "../nnunet/errors.ts";
import { determineReader, isReaderName, type ReaderName } from "../nnunet/imageio/mod.ts";
import type { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { printError } from "./print.ts";

/** A raw dataset: its description, its training cases, and how they are read. */
export interface RawDataset {
  name: string;
  folder: string;
  json: DatasetJson;
  cases: CaseFiles[];
  reader: ReaderName;
}

/**
 * Name of the dataset that a user means by an id (`4`) or a name, looked for under raw, preprocessed
 * and results.
 *
 * @throws {DataError} when there is none or several
 */
export async function findDataset(
  store: DenoStore,
  folders: Folders,
  nameOrId: string,
): Promise<string> {
  return datasetName(nameOrId, await listDatasets(store, folders));
}

/** Names of the folders under raw, preprocessed and results. */
export async function listDatasets(store: DenoStore, folders: Folders): Promise<string[]> {
  const known = Object.values(folders.known).filter((folder) => folder !== undefined);
  const entries = await Promise.all(known.map((folder) => store.list(folder)));
  return entries.flat().filter((entry) => entry.isDirectory).map((entry) => entry.name);
}

/**
 * Folder of the raw dataset of that id or name.
 *
 * @throws {DataError} when there is none or several
 */
export async function findRawFolder(
  store: DenoStore,
  folders: Folders,
  nameOrId: string,
): Promise<string> {
  return `${folders.raw}/${await findDataset(store, folders, nameOrId)}`;
}

/**
 * Opens a raw dataset.
 *
 * @throws {DataError} when it is not there, not described or has no case
 */
export async function openRawDataset(store: DenoStore, folder: string): Promise<RawDataset> {
  const name = basename(folder);
  const path = `${folder}/dataset.json`;
  const json = parseDatasetJson(await readText(store, path), path);
  const environment = Deno.env.toObject();
  const cases = await discoverCases(store, folder, json, { environment });
  if (cases.length === 0) {
    throw new DataError(
      `Cannot use dataset "${name}": no file of "${folder}/imagesTr" ends in ${json.file_ending}, ` +
        `put the images there or correct file_ending in dataset.json`,
    );
  }
  if (cases.some(({ images }) => images.length === 0)) {
    throw new DataError(
      `Cannot use dataset "${name}": images lack the channel number (CASE_0000${json.file_ending}), ` +
        `"dataset check -d ${name} --fix" renames them`,
    );
  }
  return { name, folder, json, cases, reader: await chooseReader(store, json, cases) };
}

async function chooseReader(
  store: DenoStore,
  { overwrite_image_reader_writer: wanted, file_ending }: DatasetJson,
  cases: CaseFiles[],
): Promise<ReaderName> {
  if (wanted !== undefined && wanted !== "None") {
    if (isReaderName(wanted)) return wanted;
    printError(`dataset.json names the reader "${wanted}", which is unknown: choosing one`);
  }
  const [example] = cases.flatMap(({ images }) => images);
  return await determineReader(file_ending, example, store);
}

/** Text of a UTF-8 file. */
export async function readText(store: DenoStore, path: string): Promise<string> {
  return new TextDecoder().decode(await store.read(path));
}
