import { DataError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
import type { Store } from "../store.ts";
import {
  type ConvertedDataset,
  copyFile,
  type DatasetFolders,
  runSteps,
  type Step,
} from "./conversion.ts";
import { convertOldDatasetJson, OLD_NNUNET } from "./old_dataset_json.ts";

const ENDING = ".nii.gz";
const REQUIRED = ["imagesTr", "labelsTr"];
const OPTIONAL = ["imagesTs", "labelsTs", "imagesVal", "labelsVal"];

/** Options for {@linkcode convertOldDataset}. */
export interface ConvertOldOptions {
  onProgress?: OnProgress;
}

/**
 * Makes a raw dataset from a task of nnU-Net v1 (`Task501_Name`), as nnU-Net's
 * `convert_raw_dataset_from_old_nnunet_format.convert`. Images without channel numbers, as the v1
 * tutorial has them before it renames, get `_0000`.
 *
 * @param datasetName name of the new dataset, e.g. `Dataset501_Name`
 * @throws {DataError} when the task is incomplete or the dataset exists; nothing is left behind
 */
export async function convertOldDataset(
  store: Store,
  folders: DatasetFolders,
  source: string,
  datasetName: string,
  { onProgress }: ConvertOldOptions = {},
): Promise<ConvertedDataset> {
  source = source.replace(/\/+$/, "");
  if (!/^Dataset\d{3,}_[^/]+$/.test(datasetName)) {
    throw new DataError(
      `Cannot make dataset "${datasetName}": its name is not of the form Dataset501_Name, ` +
        `choose another`,
    );
  }
  const folder = `${folders.raw}/${datasetName}`;
  if (await store.stat(folder)) {
    throw new DataError(`Cannot make "${folder}": it exists, remove it or choose another name`);
  }
  for (const part of [...REQUIRED, "dataset.json"]) {
    if (!await store.stat(`${source}/${part}`)) {
      throw new DataError(`Cannot convert "${source}": it has no ${part}, add it`);
    }
  }
  const jsonPath = `${source}/dataset.json`;
  const jsonText = new TextDecoder().decode(await store.read(jsonPath));
  const json = convertOldDatasetJson(jsonText, jsonPath, OLD_NNUNET);
  const addChannel = await lacksChannels(store, source);
  if (addChannel && json.channels.length > 1) {
    throw new DataError(
      `Cannot convert "${source}": its images carry no channel numbers but there are ` +
        `${json.channels.length} modalities, name them CASE_0000${ENDING}, CASE_0001${ENDING}`,
    );
  }

  const steps: Step[] = [];
  for (const part of [...REQUIRED, ...OPTIONAL]) {
    for (const name of await fileNames(store, `${source}/${part}`)) {
      const to = addChannel && part.startsWith("images") && name.endsWith(ENDING)
        ? name.slice(0, -ENDING.length) + "_0000" + ENDING
        : name;
      const run = () => copyFile(store, `${source}/${part}/${name}`, `${folder}/${part}/${to}`);
      steps.push({ name, run });
    }
  }
  // Last, so that an unfinished dataset is none.
  steps.push({
    name: "dataset.json",
    run: () => store.write(`${folder}/dataset.json`, json.text),
  });
  await runSteps(store, folder, "convert_old_nnUNet_dataset", steps, onProgress);
  return { datasetName, folder, files: steps.length - 1, renamedLabels: json.renamedLabels };
}

/** Whether every training image is named exactly as its label. */
async function lacksChannels(store: Store, source: string): Promise<boolean> {
  const labels = new Set(await fileNames(store, `${source}/labelsTr`));
  const images = (await fileNames(store, `${source}/imagesTr`)).filter((n) => n.endsWith(ENDING));
  return images.length > 0 && images.every((name) => labels.has(name));
}

async function fileNames(store: Store, folder: string): Promise<string[]> {
  return (await store.list(folder)).filter((e) => !e.isDirectory).map((e) => e.name);
}
