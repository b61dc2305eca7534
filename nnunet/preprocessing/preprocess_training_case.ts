import type { CaseFiles, DatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { isReaderName, type ReaderName, readImages, readSeg } from "../imageio/mod.ts";
import { getConfiguration, type Plans } from "../plans.ts";
import type { Store } from "../store.ts";
import { checkTrainingCase } from "./check_case.ts";
import { preprocessCase, type PreprocessedArrays } from "./preprocess_case.ts";
import { writePreprocessedCase } from "./preprocessed_case.ts";

/** One case to be preprocessed; plain data, so that it can be sent to a worker. */
export interface TrainingCaseJob {
  files: CaseFiles;
  json: DatasetJson;
  plans: Plans;
  configurationName: string;
  /** Folder for the result. */
  target: string;
}

/**
 * Reads, checks and preprocesses one training case, and writes it to `TARGET/CASE.npz` and `.pkl`.
 *
 * @throws {DataError} saying which file cannot be used, and what to do
 */
export async function preprocessTrainingCase(store: Store, job: TrainingCaseJob): Promise<void> {
  // What was read is out of scope, and its memory free, when the result is written.
  const arrays = await readAndPreprocess(store, job);
  await writePreprocessedCase(store, job.target, job.files.identifier, arrays);
}

async function readAndPreprocess(
  store: Store,
  { files, json, plans, configurationName }: TrainingCaseJob,
): Promise<PreprocessedArrays> {
  const reader = readerOfPlans(plans);
  const image = await readImages(store, reader, files.images);
  const seg = await readSeg(store, reader, files.label);
  checkTrainingCase(image, seg, files, json);
  const configuration = getConfiguration(plans, configurationName);
  return inCase(
    files.identifier,
    () => preprocessCase(image, seg, plans, configuration, json),
  );
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
