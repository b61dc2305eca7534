import { datasetPrefix, findDatasetNames } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { readItkFile, writeItkFile } from "../imageio/itk_file.ts";
import type { ItkImage } from "../imageio/itk_image.ts";
import type { OnProgress } from "../progress.ts";
import type { Store } from "../store.ts";
import {
  type ConvertedDataset,
  copyFile,
  type DatasetFolders,
  runSteps,
  type Step,
} from "./conversion.ts";
import { convertOldDatasetJson, MSD } from "./old_dataset_json.ts";

const ENDING = ".nii.gz";

/** Options for {@linkcode convertMsdDataset}. */
export interface ConvertMsdOptions {
  /** Id of the new dataset. @default the number in the task's name */
  overwriteId?: number;
  onProgress?: OnProgress;
}

/**
 * Makes a raw dataset from a task of the Medical Segmentation Decathlon (`Task04_Hippocampus`), as
 * nnU-Net's `convert_msd_dataset`: 4D images become one file per channel, the rest is copied.
 *
 * @throws {DataError} when the task is incomplete or the id is taken; nothing is left behind
 */
export async function convertMsdDataset(
  store: Store,
  folders: DatasetFolders,
  source: string,
  { overwriteId, onProgress }: ConvertMsdOptions = {},
): Promise<ConvertedDataset> {
  source = source.replace(/\/+$/, "");
  const task = /^(?:.*\/)?Task(\d+)_([^_/]+)$/.exec(source);
  if (!task) {
    throw new DataError(
      `Cannot convert "${source}": its name is not of the form Task04_Hippocampus (one underscore), ` +
        `rename it`,
    );
  }
  for (const part of ["imagesTr", "labelsTr", "imagesTs", "dataset.json"]) {
    if (!await store.stat(`${source}/${part}`)) {
      throw new DataError(
        `Cannot convert "${source}": it has no ${part}, download or unpack it again`,
      );
    }
  }
  const id = overwriteId ?? Number(task[1]);
  await refuseTaken(store, folders, id);
  const datasetName = `${datasetPrefix(id)}_${task[2]}`;
  const folder = `${folders.raw}/${datasetName}`;
  const jsonPath = `${source}/dataset.json`;
  const jsonText = new TextDecoder().decode(await store.read(jsonPath));
  const json = convertOldDatasetJson(jsonText, jsonPath, MSD);

  const steps: Step[] = [];
  for (const part of ["labelsTr", "imagesTr", "imagesTs"]) {
    for (const name of await imageNames(store, `${source}/${part}`)) {
      const from = `${source}/${part}/${name}`;
      const to = `${folder}/${part}/${name}`;
      const run = part === "labelsTr"
        ? () => copyFile(store, from, to)
        : () => splitChannels(store, from, to.slice(0, -ENDING.length));
      steps.push({ name, run });
    }
  }
  // Last, so that an unfinished dataset is none.
  steps.push({
    name: "dataset.json",
    run: () => store.write(`${folder}/dataset.json`, json.text),
  });
  await runSteps(store, folder, "convert_MSD_dataset", steps, onProgress);
  return { datasetName, folder, files: steps.length - 1, renamedLabels: json.renamedLabels };
}

async function refuseTaken(store: Store, folders: DatasetFolders, id: number): Promise<void> {
  for (const parent of [folders.raw, folders.preprocessed, folders.results]) {
    if (parent === undefined) continue;
    const names = (await store.list(parent)).filter((e) => e.isDirectory).map((e) => e.name);
    const [taken] = findDatasetNames(id, names);
    if (taken) {
      throw new DataError(
        `Cannot make dataset ${id}: "${parent}/${taken}" has this id, ` +
          `remove it or choose another id with -overwrite_id`,
      );
    }
  }
}

/** Hidden files and those of macOS begin with a dot or an underscore. */
async function imageNames(store: Store, folder: string): Promise<string[]> {
  const entries = await store.list(folder);
  return entries.map((e) => e.name).filter((name) => name.endsWith(ENDING) && !/^[._]/.test(name));
}

/** Writes `to_0000.nii.gz`, … from a 4D image; a 3D one is copied. */
async function splitChannels(store: Store, from: string, to: string): Promise<void> {
  const image = await readItkFile(store, from);
  const axes = image.size.length;
  if (axes === 3) return await copyFile(store, from, `${to}_0000${ENDING}`);
  if (axes !== 4) {
    throw new DataError(
      `Cannot convert "${from}": it has ${axes} axes, images of a task have 3 or 4, correct it`,
    );
  }
  for (let channel = 0; channel < image.size[3]; channel++) {
    const number = String(channel).padStart(4, "0");
    await writeItkFile(store, `${to}_${number}${ENDING}`, volumeOf(image, channel));
  }
}

function volumeOf(image: ItkImage, index: number): ItkImage {
  const size = image.size.slice(0, 3);
  const length = size.reduce((a, b) => a * b, image.components);
  return {
    size,
    spacing: image.spacing.slice(0, 3),
    origin: image.origin.slice(0, 3),
    direction: [0, 1, 2].flatMap((row) => image.direction.slice(4 * row, 4 * row + 3)),
    components: image.components,
    voxels: image.voxels.subarray(index * length, (index + 1) * length),
  };
}
