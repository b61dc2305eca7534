import type { CaseFiles, DatasetJson } from "../dataset.ts";
import { type Configuration, getConfiguration, type Plans } from "../plans.ts";
import type { OnProgress } from "../progress.ts";
import { orderedEntries } from "../python_json.ts";
import type { Store } from "../store.ts";
import { Journal } from "./journal.ts";
import { preprocessTrainingCase, type TrainingCaseJob } from "./preprocess_training_case.ts";
import { runBounded } from "./run_bounded.ts";

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

/** Options for {@linkcode preprocessDataset}. */
export interface PreprocessDatasetOptions {
  onProgress?: OnProgress;
  /** Stops between cases; a later run continues there. */
  signal?: AbortSignal;
  /** Does one case, e.g. in a worker. By default this thread does it. */
  runCase?: (job: TrainingCaseJob) => Promise<void>;
  /** Cases at a time. By default 2: one is read while the other is computed. @default {2} */
  parallel?: number;
  /** Memory for the cases at work, estimated from their files. @default {4 GiB} */
  maxBytes?: number;
}

/** How many cases were preprocessed now, and how many were there already. */
export interface PreprocessDatasetResult {
  preprocessed: number;
  kept: number;
}

/**
 * Memory that a case takes, per byte of its image files: they hold 2 bytes a voxel; read they are
 * float32, and there are up to four such arrays (image, cropped, half-way and done).
 */
const BYTES_PER_FILE_BYTE = 8;
/** What scans are usually compressed to. */
const COMPRESSION = 3;
const UNCOMPRESSED = /\.(nii|mha|mhd|tif|tiff|bmp|gipl)$/;

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
    onProgress,
    signal,
    runCase = (job) => preprocessTrainingCase(store, job),
    parallel = 2,
    maxBytes = 4 * 2 ** 30,
  }: PreprocessDatasetOptions = {},
): Promise<PreprocessDatasetResult> {
  const configuration = getConfiguration(plans, configurationName);
  const target = `${folder}/${configuration.data_identifier}`;
  const journal = await Journal.open(
    store,
    `${target}.journal.json`,
    preprocessingSettings(plans, configuration, json),
  );
  const all = await Promise.all(cases.map((files) => describeSources(store, files)));
  const isKept = await Promise.all(
    all.map(async ({ files: { identifier }, sources }) =>
      journal.cases.get(identifier) === sources &&
      await store.stat(`${target}/${identifier}.npz`) !== undefined &&
      await store.stat(`${target}/${identifier}.pkl`) !== undefined
    ),
  );
  const open = all.filter((_, i) => !isKept[i]);
  await removeOthers(store, target, all.filter((_, i) => isKept[i]).map(({ files }) => files));
  const kept = all.length - open.length;

  const stage = `preprocess ${configurationName}`;
  let done = kept;
  onProgress?.({ stage, done, total: cases.length });
  await runBounded(open, async ({ files, sources }) => {
    signal?.throwIfAborted();
    await runCase({ files, json, plans, configurationName, target });
    await journal.add(files.identifier, sources);
    onProgress?.({ stage, done: ++done, total: cases.length, message: files.identifier });
  }, { parallel, maxBytes, bytesOf: ({ bytes }) => bytes });
  return { preprocessed: open.length, kept };
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

/** A case, the state of its files (a change of any shows), and the memory it will take. */
async function describeSources(
  store: Store,
  files: CaseFiles,
): Promise<{ files: CaseFiles; sources: string; bytes: number }> {
  const paths = [...files.images, files.label];
  const stats = await Promise.all(paths.map((path) => store.stat(path)));
  const sources = paths.map((path, i) => `${path} ${stats[i]?.size} ${stats[i]?.modified}`);
  const bytes = files.images.reduce((sum, path, i) => {
    const unpacked = (stats[i]?.size ?? 0) * (UNCOMPRESSED.test(path) ? 1 : COMPRESSION);
    return sum + unpacked * BYTES_PER_FILE_BYTE;
  }, 0);
  return { files, sources: sources.join("; "), bytes };
}
