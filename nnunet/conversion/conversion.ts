import type { OnProgress } from "../progress.ts";
import type { Store } from "../store.ts";
import type { RenamedLabel } from "./old_dataset_json.ts";

/** Folders of the nnU-Net world, paths in the store. */
export interface DatasetFolders {
  /** Parent of the raw datasets. */
  raw: string;
  preprocessed?: string;
  results?: string;
}

/** What a converter made. */
export interface ConvertedDataset {
  /** E.g. `Dataset004_Hippocampus`. */
  datasetName: string;
  /** Its folder. */
  folder: string;
  /** Files of images and labels. */
  files: number;
  /** Labels whose names nnU-Net v2 would not have taken. */
  renamedLabels: RenamedLabel[];
}

/** One file to make and how. */
export interface Step {
  name: string;
  run: () => Promise<void>;
}

/** Copies one file. */
export async function copyFile(store: Store, from: string, to: string): Promise<void> {
  await store.write(to, await store.read(from));
}

/** Does all `steps`; when one fails, `target` is taken away again, so that a rerun can start. */
export async function runSteps(
  store: Store,
  target: string,
  stage: string,
  steps: Step[],
  onProgress?: OnProgress,
): Promise<void> {
  try {
    for (const [done, { name, run }] of steps.entries()) {
      onProgress?.({ stage, done, total: steps.length, message: name });
      await run();
    }
    onProgress?.({ stage, done: steps.length, total: steps.length });
  } catch (error) {
    await store.remove(target);
    throw error;
  }
}
