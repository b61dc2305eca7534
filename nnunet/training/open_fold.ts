import type { Gpu } from "../../engine/mod.ts";
import { patchGeometry } from "../augmentation/initial_patch.ts";
import { trainingTransforms } from "../augmentation/training_transforms.ts";
import { listFiles, parseDatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import type { TrainedModel } from "../inference/trained_model.ts";
import { LabelManager } from "../labels.ts";
import { formatPlans, getConfiguration, parsePlans } from "../plans.ts";
import { formatPythonJson } from "../python_json.ts";
import { createSplits, formatSplits, parseSplits, selectFold, type Split } from "../splits.ts";
import type { Store } from "../store.ts";
import { AugmentedBatches, PlainBatches } from "./batches.ts";
import { PatchLoader } from "./patch_loader.ts";
import { Trainer } from "./trainer.ts";
import type { TrainerSettings } from "./trainer_settings.ts";

/** What is trained, and where its files are. */
export interface FoldOptions {
  /** `nnUNet_preprocessed/DATASET`. */
  preprocessedFolder: string;
  /** `nnUNet_results/DATASET`. */
  resultsFolder: string;
  /** E.g. `nnUNetPlans`. */
  plansName: string;
  configurationName: string;
  fold: number | "all";
  settings: TrainerSettings;
  /** Initial weights, patches and augmentation follow from it. */
  seed: number;
}

/** A fold that is ready to be trained. */
export interface OpenFold {
  trainer: Trainer;
  split: Split;
  /** The model without weights, for the final validation. */
  model: Omit<TrainedModel, "folds">;
  /** Of the preprocessed configuration. */
  caseFolder: string;
  /** `TRAINER__PLANS__CONFIGURATION` below the results. */
  modelFolder: string;
  /** `fold_0` and so on in it. */
  foldFolder: string;
}

/**
 * Reads what `plan_and_preprocess` left, writes the splits if there are none, copies plans, dataset
 * and fingerprint to the model's folder (spec 05/8) and makes the trainer.
 *
 * @throws {DataError} naming the file that is missing and the command that makes it
 */
export async function openFold(gpu: Gpu, store: Store, options: FoldOptions): Promise<OpenFold> {
  const { preprocessedFolder, plansName, configurationName, fold, settings, seed } = options;
  const read = async (name: string) => {
    const path = `${preprocessedFolder}/${name}`;
    if (!await store.stat(path)) {
      throw new DataError(`Cannot train: "${path}" is missing, run plan_and_preprocess first`);
    }
    return { path, text: new TextDecoder().decode(await store.read(path)) };
  };
  const plansFile = await read(`${plansName}.json`);
  const plans = parsePlans(plansFile.text, plansFile.path);
  const datasetFile = await read("dataset.json");
  const datasetJson = parseDatasetJson(datasetFile.text, datasetFile.path);
  const configuration = getConfiguration(plans, configurationName);
  const labels = new LabelManager(datasetJson);

  const caseFolder = `${preprocessedFolder}/${configuration.data_identifier}`;
  const identifiers = (await listFiles(store, caseFolder, ".npz")).map((name) => name.slice(0, -4));
  if (identifiers.length === 0) {
    throw new DataError(
      `Cannot train ${configurationName}: "${caseFolder}" holds no preprocessed cases, ` +
        `run preprocess -c ${configurationName}`,
    );
  }
  const split = await foldSplit(store, preprocessedFolder, fold, identifiers);

  const modelFolder =
    `${options.resultsFolder}/${settings.name}__${plansName}__${configurationName}`;
  await store.write(`${modelFolder}/plans.json`, formatPlans(plans));
  await store.write(`${modelFolder}/dataset.json`, formatPythonJson(datasetJson));
  const fingerprint = await read("dataset_fingerprint.json");
  await store.write(`${modelFolder}/dataset_fingerprint.json`, fingerprint.text);

  const { patch_size: patchSize, batch_size: batchSize } = configuration;
  const geometry = patchGeometry(patchSize);
  const { mirroring, augmentation } = settings;
  const mirrorAxes = mirroring ? geometry.mirrorAxes : [];
  const loaderPatchSize = augmentation === "full" ? geometry.initialPatchSize : patchSize;
  const loader = (cases: string[], loaderPatchSize: number[]) =>
    new PatchLoader(store, {
      caseFolder,
      identifiers: cases,
      labels,
      batchSize,
      patchSize,
      loaderPatchSize,
      oversampleForeground: settings.oversampleForeground,
    });
  const trainer = new Trainer(gpu, {
    configurationName,
    configuration,
    labels,
    fold,
    settings,
    seed,
    mirrorAxes,
    training: new AugmentedBatches(
      gpu,
      loader(split.train, loaderPatchSize),
      trainingTransforms({
        patchSize,
        geometry: { ...geometry, mirrorAxes },
        useMaskForNorm: configuration.use_mask_for_norm,
        augmentation,
      }),
      { batchSize, patchSize: loaderPatchSize, seed },
    ),
    validation: new PlainBatches(gpu, loader(split.val, patchSize), { batchSize, patchSize, seed }),
  });
  const model = {
    plans,
    datasetJson,
    labels,
    configurationName,
    configuration,
    trainerName: settings.name,
    mirrorAxes,
  };
  return {
    trainer,
    split,
    model,
    caseFolder,
    modelFolder,
    foldFolder: `${modelFolder}/fold_${fold}`,
  };
}

/** The fold's cases; `splits_final.json` is written at the first training. */
async function foldSplit(
  store: Store,
  folder: string,
  fold: number | "all",
  identifiers: string[],
): Promise<Split> {
  if (fold === "all") return selectFold([], fold, identifiers);
  const path = `${folder}/splits_final.json`;
  if (!await store.stat(path)) await store.write(path, formatSplits(createSplits(identifiers)));
  const splits = parseSplits(new TextDecoder().decode(await store.read(path)), path);
  const split = selectFold(splits, fold, identifiers);
  const known = new Set(identifiers);
  const missing = [...split.train, ...split.val].find((identifier) => !known.has(identifier));
  if (missing !== undefined) {
    throw new DataError(
      `Cannot train fold ${fold}: "${path}" names "${missing}", which is not preprocessed, ` +
        `preprocess it or correct the splits`,
    );
  }
  return split;
}
