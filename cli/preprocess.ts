import type { ArgumentParser } from "argparse";
import { parsePlans, type Plans } from "../nnunet/plans.ts";
import {
  copyReferenceSegmentations,
  preprocessDataset,
} from "../nnunet/preprocessing/preprocess_dataset.ts";
import { addIgnoredProcesses } from "./arguments.ts";
import { CaseWorkers, workersForLarge } from "./case_workers.ts";
import type { Command } from "./command.ts";
import { findRawFolder, openRawDataset, type RawDataset, readText } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import { addDatasetsArgument, addProgressArgument } from "./extract_fingerprint.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

/** Arguments of `preprocess`; `plan_and_preprocess` has them, too. */
export interface PreprocessArguments {
  /** Ids or names. */
  d: string[];
  /** Configurations. */
  c: string[];
  no_pbar: boolean;
}

const DEFAULT_CONFIGURATIONS = ["2d", "3d_fullres", "3d_lowres"];

export const command: Command = {
  example: "-d 4 -c 3d_fullres",
  addArguments(parser: ArgumentParser): void {
    addDatasetsArgument(parser);
    parser.add_argument("-plans_name", {
      default: "nnUNetPlans",
      help: "name of the plans [default: nnUNetPlans]",
    });
    addConfigurationsArgument(parser);
    addIgnoredProcesses(parser, "-np");
    addProgressArgument(parser);
  },
  async run(args: PreprocessArguments & { plans_name: string }, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const signal = preprocessingSignal();
    for (const nameOrId of args.d) {
      const folder = await findRawFolder(store, folders, nameOrId);
      const dataset = await openRawDataset(store, folder);
      const path = `${folders.preprocessed}/${dataset.name}/${args.plans_name}.json`;
      const plans = parsePlans(await readText(store, path), path);
      await preprocessConfigurations(store, folders, dataset, plans, args, signal);
    }
  },
};

/** Declares `-c`. */
export function addConfigurationsArgument(parser: ArgumentParser): void {
  parser.add_argument("-c", {
    nargs: "+",
    default: DEFAULT_CONFIGURATIONS,
    metavar: "CONFIGURATION",
    help: "configurations to preprocess; those that the plans lack are left out " +
      "[default: 2d 3d_fullres 3d_lowres]",
  });
}

/** Fires on Ctrl-C. */
export function preprocessingSignal(): AbortSignal {
  return interruptSignal("the case at hand is finished, the same command continues after it");
}

/** Preprocesses a dataset for each configuration that was asked for and that the plans have. */
export async function preprocessConfigurations(
  store: DenoStore,
  folders: Folders,
  { name, json, cases }: RawDataset,
  plans: Plans,
  { c, no_pbar }: PreprocessArguments,
  signal: AbortSignal,
): Promise<void> {
  const folder = `${folders.preprocessed}/${name}`;
  await copyReferenceSegmentations(store, { json, cases, folder });
  const onProgress = progressBar({ disabled: no_pbar });
  const images = cases.flatMap((files) => files.images);
  for (const configurationName of c) {
    if (!Object.hasOwn(plans.configurations, configurationName)) {
      if (c !== DEFAULT_CONFIGURATIONS) print(`${name}: the plans have no ${configurationName}`);
      continue;
    }
    using workers = new CaseWorkers();
    const { preprocessed, kept } = await preprocessDataset(
      store,
      { json, cases, plans, configurationName, folder },
      {
        onProgress,
        signal,
        ...await workersForLarge(store, images, (job) => workers.preprocess(job)),
      },
    );
    const already = kept > 0 ? `, ${kept} were there already` : "";
    print(`${name}: ${preprocessed} cases preprocessed for ${configurationName}${already}`);
  }
}
