import { join } from "node:path";
import { convertOldDataset } from "../nnunet/conversion/mod.ts";
import { datasetPrefix, findDatasetNames } from "../nnunet/dataset.ts";
import { reportConversion } from "./convert_msd_dataset.ts";
import { listDatasets } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

/** Converts tasks that are there in nnU-Net v1's format only (`Task001_Brain`). */
export async function convertV1Tasks(folders: Folders, tasks: number[]): Promise<void> {
  const store = new DenoStore();
  for (const task of tasks) {
    const known = await listDatasets(store, folders);
    if (findDatasetNames(task, known).length > 0) continue;
    const prefix = datasetPrefix(task).replace("Dataset", "Task");
    const name = known.find((folder) => folder.startsWith(`${prefix}_`));
    if (name === undefined) continue;
    const source = join(folders.raw, name);
    print(`${source} is in nnU-Net v1's format, converting it`);
    const target = datasetPrefix(task) + name.slice(prefix.length);
    const parents = { ...folders.known, raw: folders.raw };
    reportConversion(
      await convertOldDataset(store, parents, source, target, { onProgress: progressBar() }),
    );
  }
}
