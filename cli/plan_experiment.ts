import type { ArgumentParser } from "argparse";
import type { Fingerprint } from "../nnunet/fingerprint.ts";
import { parseFingerprint } from "../nnunet/parse_fingerprint.ts";
import { planExperiment } from "../nnunet/planning/plan_experiment.ts";
import { plannerOf, PLANNERS } from "../nnunet/planning/planners.ts";
import { formatPlans, parsePlans, type Plans } from "../nnunet/plans.ts";
import { checkSplitsAgree, parseSplits } from "../nnunet/splits.ts";
import type { Command } from "./command.ts";
import { findRawFolder, openRawDataset, type RawDataset, readText } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import { addDatasetsArgument } from "./extract_fingerprint.ts";
import type { Folders } from "./folders.ts";
import { summarizePlans } from "./plan_summary.ts";
import { print } from "./print.ts";

/** Arguments of `plan_experiment`; `plan_and_preprocess` has them, too. */
export interface PlanArguments {
  /** Ids or names. */
  d: string[];
  pl: string;
  gpu_memory_target?: number;
  preprocessor_name: string;
  overwrite_target_spacing?: number[];
  overwrite_plans_name?: string;
}

export const command: Command = {
  example: "-d 4 -pl nnUNetPlannerResEncM",
  addArguments(parser: ArgumentParser): void {
    addDatasetsArgument(parser);
    addPlanArguments(parser);
  },
  async run(args: PlanArguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    for (const nameOrId of args.d) {
      const folder = await findRawFolder(store, folders, nameOrId);
      const dataset = await openRawDataset(store, folder);
      const path = `${folders.preprocessed}/${dataset.name}/dataset_fingerprint.json`;
      const fingerprint = parseFingerprint(await readText(store, path), path);
      const { plans, path: plansPath } = await planDataset(
        store,
        folders,
        dataset,
        fingerprint,
        args,
      );
      summarizePlans(dataset.json, fingerprint, plans, plansPath).forEach((line) => print(line));
    }
  },
};

/** Declares what says how a dataset is planned. */
export function addPlanArguments(parser: ArgumentParser): void {
  parser.add_argument("-pl", {
    default: "ExperimentPlanner",
    metavar: "PLANNER",
    help: `one of ${Object.keys(PLANNERS).join(", ")} [default: ExperimentPlanner]`,
  });
  parser.add_argument("-gpu_memory_target", {
    type: "float",
    metavar: "GB",
    help: "plan networks for a GPU with that much memory [default: the planner's, 8 GB]",
  });
  parser.add_argument("-preprocessor_name", {
    default: "DefaultPreprocessor",
    choices: ["DefaultPreprocessor"],
    help: "preprocessor; there is one",
  });
  parser.add_argument("-overwrite_target_spacing", {
    nargs: "+",
    type: "float",
    metavar: "MM",
    help: "three numbers (z y x): spacing to resample to, in place of the data's own",
  });
  parser.add_argument("-overwrite_plans_name", {
    metavar: "NAME",
    help: "name of the plans, so that several can stand side by side [default: the planner's]",
  });
}

/**
 * Plans a dataset and writes the plans, with `dataset.json` and given splits, to the preprocessed
 * folder (spec 02, section 9; spec 01, section 6.3).
 */
export async function planDataset(
  store: DenoStore,
  folders: Folders,
  { name, folder, json, reader }: RawDataset,
  fingerprint: Fingerprint,
  args: PlanArguments,
): Promise<{ plans: Plans; path: string }> {
  const target = `${folders.preprocessed}/${name}`;
  const plansName = args.overwrite_plans_name ?? plannerOf(args.pl).plansName;
  const path = `${target}/${plansName}.json`;
  const existingPlans = await store.stat(path)
    ? parsePlans(await readText(store, path), path)
    : undefined;
  const plans = planExperiment(json, fingerprint, {
    datasetName: name,
    imageReaderWriter: reader,
    planner: args.pl,
    gpuMemoryTargetInGb: args.gpu_memory_target,
    overwriteTargetSpacing: args.overwrite_target_spacing,
    plansName,
    preprocessorName: args.preprocessor_name,
    existingPlans,
  });
  await takeOverSplits(store, folder, target);
  await store.write(`${target}/dataset.json`, await store.read(`${folder}/dataset.json`));
  await store.write(path, formatPlans(plans));
  return { plans, path };
}

/** Copies `splits_final.json` of the raw dataset; one that is in use already must agree with it. */
async function takeOverSplits(store: DenoStore, raw: string, target: string): Promise<void> {
  const [rawPath, usedPath] = [raw, target].map((folder) => `${folder}/splits_final.json`);
  if (!await store.stat(rawPath)) return;
  const text = await readText(store, rawPath);
  const splits = parseSplits(text, rawPath);
  if (await store.stat(usedPath)) {
    checkSplitsAgree(
      splits,
      parseSplits(await readText(store, usedPath), usedPath),
      rawPath,
      usedPath,
    );
  } else {
    await store.write(usedPath, text);
  }
}
