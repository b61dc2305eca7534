import type { CaseFiles, DatasetJson } from "../dataset.ts";
import { type Configuration, getConfiguration, type Plans } from "../plans.ts";
import { orderedEntries } from "../python_json.ts";
import { runCases, type RunCasesOptions } from "../run_cases.ts";
import type { Store } from "../store.ts";
import { Journal } from "./journal.ts";
import { preprocessTrainingCase, type TrainingCaseJob } from "./preprocess_training_case.ts";

/** What is preprocessed, and where to. */
export interface PreprocessDatasetInput {
  json: DatasetJson;
  cases: CaseFiles[];
  plans: Plans;
  /** A configuration of the plans, e.g. `3d_fullres`. */
  configurationName: string;
  /** Folder of the preprocessed dataset, e.g. `nnUNet_preprocessed/Dataset004_Hippocampus`. */
  folder: string;
}

/**
 * Options for {@linkcode preprocessDataset}. Two cases at a time unless told otherwise: one is read
 * while the other is computed. When stopped, a later run continues there.
 */
export type PreprocessDatasetOptions = RunCasesOptions<TrainingCaseJob, void>;

/** How many cases were preprocessed now, and how many were there already. */
export interface PreprocessDatasetResult {
  preprocessed: number;
  kept: number;
}

/**
 * Preprocesses all training cases for one configuration into `FOLDER/DATA_IDENTIFIER` (nnU-Net's
 * `DefaultPreprocessor.run`). A journal beside that folder says with which settings and from which
 * files each case was made: what is unchanged is kept, so that a run that was stopped continues.
 *
 * @throws {DataError} when a file cannot be used; what was done before is kept
 */
export async function preprocessDataset(
  store: Store,
  { json, cases, plans, configurationName, folder }: PreprocessDatasetInput,
  {
    runCase = (job) => preprocessTrainingCase(store, job),
    parallel = 2,
    ...options
  }: PreprocessDatasetOptions = {},
): Promise<PreprocessDatasetResult> {
  const configuration = getConfiguration(plans, configurationName);
  const target = `${folder}/${configuration.data_identifier}`;
  const journal = await Journal.open(
    store,
    `${target}.journal.json`,
    preprocessingSettings(plans, configuration, json),
  );
  const sources = new Map(
    await Promise.all(
      cases.map(async (files) => [files.identifier, await describeSources(store, files)] as const),
    ),
  );
  const isKept = await Promise.all(
    cases.map(async ({ identifier }) =>
      journal.cases.get(identifier) === sources.get(identifier) &&
      await store.stat(`${target}/${identifier}.npz`) !== undefined &&
      await store.stat(`${target}/${identifier}.pkl`) !== undefined
    ),
  );
  const kept = cases.filter((_, i) => isKept[i]);
  const open = cases.filter((_, i) => !isKept[i]);
  await removeOthers(store, target, kept);

  await runCases(
    store,
    open,
    async (files) => {
      await runCase({ files, json, plans, configurationName, target });
      await journal.add(files.identifier, sources.get(files.identifier)!);
    },
    { stage: `preprocess ${configurationName}`, done: kept.length, parallel, ...options },
  );
  return { preprocessed: open.length, kept: kept.length };
}

/**
 * Copies the label maps of the training cases to `FOLDER/gt_segmentations`, where validation compares
 * with them. Those that are there and newer stay.
 */
export async function copyReferenceSegmentations(
  store: Store,
  { json, cases, folder }: Pick<PreprocessDatasetInput, "json" | "cases" | "folder">,
): Promise<void> {
  for (const { identifier, label } of cases) {
    const target = `${folder}/gt_segmentations/${identifier}${json.file_ending}`;
    const [from, to] = [await store.stat(label), await store.stat(target)];
    if (from && to && to.modified > from.modified && to.size === from.size) continue;
    await store.write(target, await store.read(label));
  }
}

/** Everything that decides what a preprocessed case looks like. */
function preprocessingSettings(
  { transpose_forward, foreground_intensity_properties_per_channel, image_reader_writer }: Plans,
  configuration: Configuration,
  { labels }: DatasetJson,
): string {
  return JSON.stringify({
    transpose_forward,
    foreground_intensity_properties_per_channel,
    image_reader_writer,
    labels: orderedEntries(labels),
    preprocessor_name: configuration.preprocessor_name,
    spacing: configuration.spacing,
    normalization_schemes: configuration.normalization_schemes,
    use_mask_for_norm: configuration.use_mask_for_norm,
    resampling_fn_data: configuration.resampling_fn_data,
    resampling_fn_data_kwargs: configuration.resampling_fn_data_kwargs,
    resampling_fn_seg: configuration.resampling_fn_seg,
    resampling_fn_seg_kwargs: configuration.resampling_fn_seg_kwargs,
  });
}

/** `.npy` are the copies that nnU-Net unpacks for training; it would train with old ones. */
const ENDINGS = [".npz", ".pkl", ".npy", "_seg.npy"];

/** Files that are not of a case that is kept would be trained with. */
async function removeOthers(store: Store, target: string, kept: CaseFiles[]): Promise<void> {
  const names = new Set(
    kept.flatMap(({ identifier }) => ENDINGS.map((ending) => identifier + ending)),
  );
  for (const { name } of await store.list(target)) {
    if (!names.has(name)) await store.remove(`${target}/${name}`);
  }
}

/** The files of a case and their state; a change of any shows. */
async function describeSources(store: Store, { images, label }: CaseFiles): Promise<string> {
  const descriptions = [...images, label].map(async (path) => {
    const stat = await store.stat(path);
    return `${path} ${stat?.size} ${stat?.modified}`;
  });
  return (await Promise.all(descriptions)).join("; ");
}
