import type { ArgumentParser } from "argparse";
import { resolve } from "node:path";
import { convertOldDataset } from "../nnunet/conversion/mod.ts";
import type { Command } from "./command.ts";
import { reportConversion } from "./convert_msd_dataset.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { progressBar } from "./progress_bar.ts";

interface Arguments {
  input_folder: string;
  output_dataset_name: string;
}

export const command: Command = {
  example: "old/Task501_Liver Dataset501_Liver",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("input_folder", { help: "folder of the old task, TaskXXX_NAME" });
    parser.add_argument("output_dataset_name", {
      help: "name of the new dataset, DatasetXXX_NAME",
    });
  },
  async run(args: Arguments, folders: Folders): Promise<void> {
    const converted = await convertOldDataset(
      new DenoStore(),
      { ...folders.known, raw: folders.raw },
      resolve(args.input_folder),
      args.output_dataset_name,
      { onProgress: progressBar() },
    );
    reportConversion(converted);
  },
};
