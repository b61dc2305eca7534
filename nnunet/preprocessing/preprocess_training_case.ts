import type { CaseFiles, DatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { isReaderName, type ReaderName, readImages, readSeg } from "../imageio/mod.ts";
import { getConfiguration, type Plans } from "../plans.ts";
import type { Store } from "../store.ts";
import { checkTrainingCase } from "./check_case.ts";
import { preprocessCase } from "./preprocess_case.ts";
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
export async function preprocessTrainingCase(
  store: Store,
  { files, json, plans, configurationName, target }: TrainingCaseJob,
): Promise<void> {
  const reader = readerOfPlans(plans);
  const image = await readImages(store, reader, files.images);
  const seg = await readSeg(store, reader, files.label);
  checkTrainingCase(image, seg, files, json);
  const configuration = getConfiguration(plans, configurationName);
  const arrays = inCase(
    files.identifier,
    () => preprocessCase(image, seg, plans, configuration, json),
  );
  await writePreprocessedCase(store, target, files.identifier, arrays);
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
