import type { ArgumentParser } from "argparse";
import { resolve } from "node:path";
import { type ConvertedDataset, convertMsdDataset } from "../nnunet/conversion/mod.ts";
import { addIgnoredProcesses } from "./arguments.ts";
import { type Command, PROGRAM } from "./command.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

interface Arguments {
  i: string;
  overwrite_id?: number;
}

export const command: Command = {
  example: "-i downloads/Task04_Hippocampus",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("-i", {
      required: true,
      metavar: "FOLDER",
      help: "folder of the task, with its name as it came: TaskNN_NAME",
    });
    parser.add_argument("-overwrite_id", {
      type: "int",
      metavar: "ID",
      help: "id of the new dataset [default: the task's number]",
    });
    addIgnoredProcesses(parser, "-np");
  },
  async run({ i, overwrite_id }: Arguments, folders: Folders): Promise<void> {
    const known = { ...folders.known, raw: folders.raw };
    const converted = await convertMsdDataset(new DenoStore(), known, resolve(i), {
      overwriteId: overwrite_id,
      onProgress: progressBar(),
    });
    reportConversion(converted);
  },
};

/** Says what a converter made, and what comes next. */
export function reportConversion(converted: ConvertedDataset): void {
  const { datasetName, folder, files, renamedLabels } = converted;
  print(`${datasetName}: ${files} files written to ${folder}`);
  for (const { from, to } of renamedLabels) print(`  Label "${from}" is now called "${to}"`);
  print(`Next: ${PROGRAM} plan_and_preprocess -d ${datasetName} --verify_dataset_integrity`);
}
