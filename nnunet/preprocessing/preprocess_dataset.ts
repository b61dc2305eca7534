import * as v from "valibot";
import type { CaseFiles, DatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { isReaderName, type ReaderName, readImages, readSeg } from "../imageio/mod.ts";
import { parseJsonFile } from "../json_file.ts";
import { type Configuration, getConfiguration, type Plans } from "../plans.ts";
import type { OnProgress } from "../progress.ts";
import type { Store } from "../store.ts";
import { preprocessCase } from "./preprocess_case.ts";
import { writePreprocessedCase } from "./preprocessed_case.ts";

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
}

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
 * @throws {DataError} when a file cannot be used
 */
export async function preprocessDataset(
  store: Store,
  { json, cases, plans, configurationName, folder }: PreprocessDatasetInput,
  { onProgress, signal }: PreprocessDatasetOptions = {},
): Promise<PreprocessDatasetResult> {
  const configuration = getConfiguration(plans, configurationName);
  const reader = readerOfPlans(plans);
  const target = `${folder}/${configuration.data_identifier}`;
  const journal = await Journal.open(
    store,
    `${target}.journal.json`,
    preprocessingSettings(plans, configuration, json),
  );
  await removeOthers(store, target, journal, cases);
  const result = { preprocessed: 0, kept: 0 };
  const stage = `preprocess ${configurationName}`;
  for (const [done, { identifier, images, label }] of cases.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ stage, done, total: cases.length, message: identifier });
    const sources = await describeFiles(store, [...images, label]);
    if (journal.has(identifier, sources) && await store.stat(`${target}/${identifier}.npz`)) {
      result.kept++;
      continue;
    }
    const image = await readImages(store, reader, images);
    const seg = await readSeg(store, reader, label);
    const preprocessed = inCase(
      identifier,
      () => preprocessCase(image, seg, plans, configuration, json),
    );
    await writePreprocessedCase(store, target, identifier, preprocessed);
    await journal.add(identifier, sources);
    result.preprocessed++;
  }
  onProgress?.({ stage, done: cases.length, total: cases.length });
  return result;
}

/**
 * Copies the label maps of the training cases to `FOLDER/gt_segmentations`, where validation compares
 * with them. Those that are there and not older stay.
 */
export async function copyReferenceSegmentations(
  store: Store,
  { json, cases, folder }: Pick<PreprocessDatasetInput, "json" | "cases" | "folder">,
): Promise<void> {
  for (const { identifier, label } of cases) {
    const target = `${folder}/gt_segmentations/${identifier}${json.file_ending}`;
    const [from, to] = [await store.stat(label), await store.stat(target)];
    if (from && to && to.modified >= from.modified && to.size === from.size) continue;
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
    labels: Object.entries(labels),
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

const journalSchema = v.object({
  settings: v.string(),
  cases: v.record(v.string(), v.string()),
});

/** Which cases were made from which files with the settings of this run. */
class Journal {
  private constructor(
    readonly store: Store,
    readonly path: string,
    readonly settings: string,
    readonly cases: Record<string, string>,
  ) {}

  /** Begins a new one where there is none, or one of other settings. */
  static async open(store: Store, path: string, settings: string): Promise<Journal> {
    if (await store.stat(path)) {
      const text = new TextDecoder().decode(await store.read(path));
      const written = parseJsonFile(journalSchema, text, path);
      if (written.settings === settings) return new Journal(store, path, settings, written.cases);
    }
    return new Journal(store, path, settings, {});
  }

  has(identifier: string, sources: string): boolean {
    return Object.hasOwn(this.cases, identifier) && this.cases[identifier] === sources;
  }

  async add(identifier: string, sources: string): Promise<void> {
    this.cases[identifier] = sources;
    const { settings, cases } = this;
    await this.store.write(this.path, JSON.stringify({ settings, cases }, undefined, 1));
  }
}

/** Files that are not of a case of this dataset and these settings would be trained with. */
async function removeOthers(
  store: Store,
  target: string,
  journal: Journal,
  cases: CaseFiles[],
): Promise<void> {
  const wanted = new Set(cases.map(({ identifier }) => identifier));
  for (const { name } of await store.list(target)) {
    const identifier = name.replace(/\.[^.]+$/, "");
    const known = wanted.has(identifier) && Object.hasOwn(journal.cases, identifier);
    if (!known) await store.remove(`${target}/${name}`);
  }
}

/** Paths, sizes and times of files: a change of any of them shows. */
async function describeFiles(store: Store, paths: string[]): Promise<string> {
  const stats = await Promise.all(paths.map((path) => store.stat(path)));
  return paths.map((path, i) => `${path} ${stats[i]?.size} ${stats[i]?.modified}`).join("; ");
}

function readerOfPlans({ image_reader_writer: name }: Plans): ReaderName {
  if (isReaderName(name)) return name;
  throw new DataError(
    `Cannot preprocess with reader "${name}" of the plans: there is no such reader, plan again`,
  );
}

function inCase<T>(identifier: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DataError(`Case "${identifier}": ${error.message}`, { cause: error });
  }
}
