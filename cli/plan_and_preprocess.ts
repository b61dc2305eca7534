import type { ArgumentParser } from "argparse";
import { addIgnoredProcesses } from "./arguments.ts";
import type { Command } from "./command.ts";
import { findRawFolder, openRawDataset } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import {
  addFingerprintArguments,
  type FingerprintArguments,
  fingerprintDataset,
} from "./extract_fingerprint.ts";
import type { Folders } from "./folders.ts";
import { addPlanArguments, type PlanArguments, planDataset } from "./plan_experiment.ts";
import { summarizePlans } from "./plan_summary.ts";
import {
  addConfigurationsArgument,
  type PreprocessArguments,
  preprocessConfigurations,
  preprocessingSignal,
} from "./preprocess.ts";
import { print } from "./print.ts";
import { verifyDataset } from "./verify_dataset.ts";

type Arguments =
  & FingerprintArguments
  & PlanArguments
  & PreprocessArguments
  & { no_pp: boolean };

export const command: Command = {
  example: "-d 4 --verify_dataset_integrity",
  addArguments(parser: ArgumentParser): void {
    addFingerprintArguments(parser);
    addPlanArguments(parser);
    addConfigurationsArgument(parser);
    parser.add_argument("--no_pp", { action: "store_true", help: "plan only, preprocess nothing" });
    addIgnoredProcesses(parser, "-np", "-npfp");
  },
  async run(args: Arguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const signal = preprocessingSignal();
    for (const nameOrId of args.d) {
      const folder = await findRawFolder(store, folders, nameOrId);
      if (args.verify_dataset_integrity) await verifyDataset(store, folder, args, signal);
      const dataset = await openRawDataset(store, folder);
      const fingerprint = await fingerprintDataset(store, folders, dataset, args, signal);
      const { plans, path } = await planDataset(store, folders, dataset, fingerprint, args);
      if (!args.no_pp) {
        await preprocessConfigurations(store, folders, dataset, plans, args, signal);
      }
      summarizePlans(dataset.json, fingerprint, plans, path).forEach((line) => print(line));
    }
  },
};
