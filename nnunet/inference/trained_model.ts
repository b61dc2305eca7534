import { type NamedArray, readCheckpoint } from "../checkpoint.ts";
import { type DatasetJson, parseDatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { readTorchCheckpoint } from "../interop/torch_checkpoint.ts";
import { LabelManager } from "../labels.ts";
import { type Configuration, getConfiguration, parsePlans, type Plans } from "../plans.ts";
import type { Store } from "../store.ts";

/** What a folder of trained folds says of them (spec 06/1). */
export interface TrainedModel {
  plans: Plans;
  datasetJson: DatasetJson;
  labels: LabelManager;
  configurationName: string;
  configuration: Configuration;
  trainerName: string;
  /** Axes that test-time mirroring flips; none where the training did not mirror. */
  mirrorAxes: number[];
  /** Parameters of each fold by canonical name. */
  folds: Map<string, NamedArray>[];
}

/** Options for {@linkcode openTrainedModel}. */
export interface OpenModelOptions {
  /** Numbers, or `"all"`. @default {every fold that holds the checkpoint} */
  folds?: readonly (number | "all")[];
  /** Ours or nnU-Net's; without its ending both are looked for. @default {"checkpoint_final"} */
  checkpoint?: string;
}

/** Endings of checkpoints: this program's own, and PyTorch's as nnU-Net writes them. */
const ENDINGS = [".safetensors", ".pth"];

/**
 * Reads plans, labels and weights of a folder `TRAINER__PLANS__CONFIGURATION`, trained here or by
 * nnU-Net.
 *
 * @throws {DataError} naming the file that is missing or wrong
 */
export async function openTrainedModel(
  store: Store,
  folder: string,
  { folds, checkpoint = "checkpoint_final" }: OpenModelOptions = {},
): Promise<TrainedModel> {
  const text = async (name: string) =>
    new TextDecoder().decode(await store.read(`${folder}/${name}`));
  const plans = parsePlans(await text("plans.json"), `${folder}/plans.json`);
  const datasetJson = parseDatasetJson(await text("dataset.json"), `${folder}/dataset.json`);
  const stem = checkpoint.replace(/\.(pth|safetensors)$/, "");
  const names = ENDINGS.map((ending) => stem + ending);
  const chosen = folds ?? await foldsWith(store, folder, names);
  const checkpoints = [];
  for (const fold of chosen) checkpoints.push(await readFold(store, folder, fold, names));
  const [first] = checkpoints;
  if (!first) {
    throw new DataError(
      `Cannot predict with "${folder}": no fold holds ${names.join(" or ")}, ` +
        `train one or name another checkpoint with -chk`,
    );
  }
  return {
    plans,
    datasetJson,
    labels: new LabelManager(datasetJson),
    configurationName: first.configuration,
    configuration: getConfiguration(plans, first.configuration),
    trainerName: first.trainerName,
    mirrorAxes: first.mirrorAxes ?? [],
    folds: checkpoints.map(({ weights }) => weights),
  };
}

async function foldsWith(
  store: Store,
  folder: string,
  names: readonly string[],
): Promise<(number | "all")[]> {
  const found: number[] = [];
  for (const { name } of await store.list(folder)) {
    const fold = /^fold_(\d+)$/.exec(name)?.[1];
    if (fold && await firstExisting(store, names.map((file) => `${folder}/${name}/${file}`))) {
      found.push(Number(fold));
    }
  }
  return found.sort((a, b) => a - b);
}

async function readFold(
  store: Store,
  folder: string,
  fold: number | "all",
  names: readonly string[],
) {
  const paths = names.map((name) => `${folder}/fold_${fold}/${name}`);
  const path = await firstExisting(store, paths);
  if (!path) {
    throw new DataError(
      `Cannot predict with fold ${fold}: neither "${paths.join('" nor "')}" exists, ` +
        `train that fold or choose others with -f`,
    );
  }
  if (path.endsWith(".pth")) return await readTorchCheckpoint(store, path);
  const { weights, training } = await readCheckpoint(store, path);
  return {
    weights,
    configuration: training.configuration,
    trainerName: training.trainer_name,
    mirrorAxes: training.inference_allowed_mirroring_axes ?? undefined,
  };
}

async function firstExisting(store: Store, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await store.stat(path)) return path;
}
