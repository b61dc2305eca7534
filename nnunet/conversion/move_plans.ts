import { discoverCases, type DiscoverCasesOptions, parseDatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { determineReader, isReaderName, type ReaderName } from "../imageio/mod.ts";
import { parsePlans } from "../plans.ts";
import {
  formatPythonJson,
  fromOrderedEntries,
  orderedEntries,
  parsePythonJson,
} from "../python_json.ts";
import type { Store } from "../store.ts";
import type { DatasetFolders } from "./conversion.ts";

/** What {@linkcode movePlans} is to do; datasets by full name. */
export interface MovePlansOptions extends DiscoverCasesOptions {
  source: string;
  target: string;
  sourcePlans: string;
  /** Name of the plans in the target. @default that in the source */
  targetPlans?: string;
}

/**
 * Takes the plans of one dataset over for another, as nnU-Net's `move_plans_between_datasets`: new
 * names, new data identifiers, and the reader that fits the target's images.
 *
 * @returns path of the file that was written
 * @throws {DataError} when plans or images are missing, or no reader fits
 */
export async function movePlans(
  store: Store,
  folders: DatasetFolders & { preprocessed: string },
  { source, target, sourcePlans, targetPlans = sourcePlans, environment }: MovePlansOptions,
): Promise<string> {
  const from = `${folders.preprocessed}/${source}/${sourcePlans}.json`;
  if (!await store.stat(from)) {
    throw new DataError(
      `Cannot move plans "${sourcePlans}": there is no "${from}", plan "${source}" first`,
    );
  }
  const text = new TextDecoder().decode(await store.read(from));
  parsePlans(text, from);
  // Read again with floats marked, so that everything else is written as it was.
  const plans = new Map(orderedEntries(parsePythonJson(text, { keepFloats: true }) as Entries));
  plans.set("dataset_name", target);
  plans.set("plans_name", targetPlans);
  plans.set(
    "image_reader_writer",
    await readerOfDataset(store, `${folders.raw}/${target}`, environment),
  );
  if (targetPlans !== sourcePlans) {
    for (
      const configuration of Object.values(plans.get("configurations") as Record<string, Entries>)
    ) {
      const identifier = configuration.data_identifier;
      if (typeof identifier !== "string") continue;
      configuration.data_identifier = identifier.startsWith(sourcePlans)
        ? targetPlans + identifier.slice(sourcePlans.length)
        : `${targetPlans}_${identifier}`;
    }
  }
  const to = `${folders.preprocessed}/${target}/${targetPlans}.json`;
  await store.write(to, formatPythonJson(fromOrderedEntries(plans)));
  return to;
}

type Entries = Record<string, unknown>;

/** The reader that `dataset.json` names, else the first that reads an image, whatever its ending. */
async function readerOfDataset(
  store: Store,
  folder: string,
  environment?: Record<string, string>,
): Promise<ReaderName> {
  const path = `${folder}/dataset.json`;
  const json = parseDatasetJson(new TextDecoder().decode(await store.read(path)), path);
  const [first] = await discoverCases(store, folder, json, { environment });
  if (!first) {
    throw new DataError(
      `Cannot move plans to "${folder}": it has no training image that ends in ` +
        `"${json.file_ending}", add the images first`,
    );
  }
  const wanted = json.overwrite_image_reader_writer;
  if (wanted !== undefined && isReaderName(wanted)) return wanted;
  return await determineReader(json.file_ending, first.images[0], store, {
    allowNonmatchingEnding: true,
  });
}
