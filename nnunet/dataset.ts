import * as v from "valibot";
import { compareCodePoints } from "./code_points.ts";
import { DataError } from "./errors.ts";
import { integer, parseJsonFile } from "./json_file.ts";
import { fromOrderedEntries, orderedEntries } from "./python_json.ts";
import type { Store } from "./store.ts";

/** One label value, or those of a region. */
export type LabelValue = number | number[];

/** `dataset.json` of a raw or preprocessed dataset, keys as on disk (spec 01, section 4). */
export interface DatasetJson {
  /** Channel number to name; the name picks the normalisation. */
  channel_names?: Record<string, string>;
  /** Name of `channel_names` in files of older versions. */
  modality?: Record<string, string>;
  /** Name to value, or to the values of a region; the order of declaration counts for regions. */
  labels: Record<string, LabelValue>;
  numTraining: number;
  /** With the dot, e.g. `.nii.gz`. */
  file_ending: string;
  /** The label to write for each region, in the order of `labels`. */
  regions_class_order?: number[] | null;
  overwrite_image_reader_writer?: string;
  /** Explicit table of the training cases, by case identifier. */
  dataset?: Record<string, { images: string[]; label: string }>;
  [further: string]: unknown;
}

const WHOLE_NUMBER_TEXT = /^\s*[-+]?\d+\s*$/;
const LABEL_VALUE_WISH = "expected a whole number (labels go from name to value)";
const labelValue = v.union(
  [integer, v.pipe(v.string(), v.regex(WHOLE_NUMBER_TEXT, LABEL_VALUE_WISH))],
  LABEL_VALUE_WISH,
);
const channels = v.record(v.string(), v.string("expected the name of a channel"));

const schema = v.pipe(
  v.looseObject({
    channel_names: v.optional(channels),
    modality: v.optional(channels),
    labels: v.record(v.string(), v.union([labelValue, v.array(labelValue)])),
    numTraining: integer,
    file_ending: v.pipe(v.string("expected text"), v.nonEmpty("expected an ending, e.g. .nii.gz")),
    regions_class_order: v.nullish(v.array(integer, "expected a list of label values")),
    overwrite_image_reader_writer: v.optional(v.string("expected the name of a reader")),
    dataset: v.optional(
      v.record(
        v.string(),
        v.looseObject({
          images: v.pipe(v.array(v.string(), "expected a list of files"), v.nonEmpty("no image")),
          label: v.string("expected a file"),
        }),
      ),
    ),
  }, "expected an object with keys"),
  v.check(
    (json) => (json.channel_names ?? json.modality) !== undefined,
    `"channel_names": the key is missing`,
  ),
);

/**
 * Parses `dataset.json`. Label values written as text (`"1"`) become numbers, as nnU-Net takes them.
 *
 * @param path where the text comes from, for the messages
 * @throws {DataError} naming the file and the key that is wrong
 */
export function parseDatasetJson(text: string, path: string): DatasetJson {
  const json = parseJsonFile(schema, text, path);
  const labels = orderedEntries(json.labels).map(([name, value]): [string, LabelValue] => [
    name,
    Array.isArray(value) ? value.map(Number) : Number(value),
  ]);
  json.labels = fromOrderedEntries(labels);
  return json as DatasetJson;
}

/** Names of the channels, in order; from `modality` in files of older versions. */
export function channelNames(json: DatasetJson): string[] {
  return orderedEntries(json.channel_names ?? json.modality ?? {}).map(([, name]) => name);
}

/** The files of one training case. */
export interface CaseFiles {
  /** Case identifier, e.g. `hippocampus_001`. */
  identifier: string;
  /** One path per channel file, in channel order. */
  images: string[];
  label: string;
}

/** Options for {@linkcode discoverCases}. */
export interface DiscoverCasesOptions {
  /** Variables that paths of a `dataset` table may use, as `$NAME` or `${NAME}`. */
  environment?: Record<string, string>;
}

/**
 * Lists the training cases of a raw dataset as nnU-Net does (`get_filenames_of_train_images_and_
 * targets`; spec 01, section 3), in its order. Nothing is said about whether the files are complete:
 * that is `verifyDatasetIntegrity`'s.
 */
export async function discoverCases(
  store: Store,
  datasetFolder: string,
  json: DatasetJson,
  { environment = {} }: DiscoverCasesOptions = {},
): Promise<CaseFiles[]> {
  if (json.dataset) {
    const resolve = (path: string) => {
      const expanded = expandVariables(path, environment);
      return /^([/\\]|[A-Za-z]:[/\\])/.test(expanded)
        ? expanded
        : normalizePath(`${datasetFolder}/${expanded}`);
    };
    return orderedEntries(json.dataset).map(([identifier, { images, label }]) => ({
      identifier,
      images: images.map(resolve),
      label: resolve(label),
    }));
  }
  const ending = json.file_ending;
  const folder = `${datasetFolder}/imagesTr`;
  const names = await listFiles(store, folder, ending);
  return groupChannels(names, ending).map(([identifier, files]) => ({
    identifier,
    images: files.map((name) => `${folder}/${name}`),
    label: `${datasetFolder}/labelsTr/${identifier}${ending}`,
  }));
}

/**
 * Groups image files by case: `[identifier, its files in channel order]`, sorted. The identifier is
 * the name less its ending and five characters (`_0000`), whatever those are; a file that does not
 * end in `_` and four digits belongs to no case, but its identifier is listed.
 */
export function groupChannels(names: string[], fileEnding: string): [string, string[]][] {
  const cut = fileEnding.length + 5;
  const groups = new Map<string, string[]>();
  for (const name of [...names].sort(compareCodePoints)) {
    const identifier = name.slice(0, Math.max(0, name.length - cut));
    if (!groups.has(identifier)) groups.set(identifier, []);
    const suffix = name.slice(identifier.length, name.length - fileEnding.length);
    if (/^_\d{4}$/.test(suffix)) groups.get(identifier)!.push(name);
  }
  return [...groups].sort(([a], [b]) => compareCodePoints(a, b));
}

/** Names of the files (no folders) in a folder that end in `ending`. */
export async function listFiles(store: Store, folder: string, ending: string): Promise<string[]> {
  const entries = await store.list(folder);
  return entries.filter((entry) => !entry.isDirectory && entry.name.endsWith(ending))
    .map((entry) => entry.name);
}

function expandVariables(path: string, environment: Record<string, string>): string {
  return path.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (written, bare, braced) => environment[bare ?? braced] ?? written,
  );
}

/** Resolves `.` and `..`. */
function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      if (parts.length > 0 && parts.at(-1) !== ".." && parts.at(-1) !== "") parts.pop();
      else if (parts[0] !== "") parts.push(part);
    } else if (part !== "." && (part !== "" || parts.length === 0)) parts.push(part);
  }
  return parts.join("/");
}

/**
 * Finds the name of a dataset from what a user gave: a name (`Dataset004_Hippocampus`, taken as it
 * is) or an id (`4`, `"4"`, `"004"`).
 *
 * @param folders names of the folders under raw, preprocessed and results, together
 * @throws {DataError} for text that is neither, and for ids with no or several datasets
 */
export function datasetName(nameOrId: string | number, folders: string[]): string {
  if (typeof nameOrId === "string" && nameOrId.startsWith("Dataset")) return nameOrId;
  if (typeof nameOrId === "string" && !WHOLE_NUMBER_TEXT.test(nameOrId)) {
    throw new DataError(
      `Cannot find dataset "${nameOrId}": it is neither an id nor a name that begins with ` +
        `"Dataset", give e.g. 4 or Dataset004_Hippocampus`,
    );
  }
  const id = Number(nameOrId);
  const names = findDatasetNames(id, folders);
  if (names.length === 0) {
    throw new DataError(
      `Cannot find dataset ${id}: no folder under raw, preprocessed or results begins with ` +
        `"${datasetPrefix(id)}", check the id and these three paths`,
    );
  }
  if (names.length > 1) {
    throw new DataError(
      `Cannot find dataset ${id}: ${names.join(", ")} share that id, give the full name`,
    );
  }
  return names[0];
}

/** The dataset folders whose name begins with an id, each once, sorted. */
export function findDatasetNames(id: number, folders: string[]): string[] {
  const prefix = datasetPrefix(id);
  return [...new Set(folders.filter((name) => name.startsWith(prefix)))].sort(compareCodePoints);
}

/** `4` to `Dataset004`. */
export function datasetPrefix(id: number): string {
  return `Dataset${id < 0 ? id : String(id).padStart(3, "0")}`;
}

/**
 * The id in a dataset's name: its characters 8 to 10, so `Dataset5607_X` has id 560 as in nnU-Net.
 *
 * @throws {DataError} when they are no number
 */
export function datasetId(name: string): number {
  const digits = name.slice(7, 10);
  if (!name.startsWith("Dataset") || !WHOLE_NUMBER_TEXT.test(digits)) {
    throw new DataError(
      `Cannot take the id of dataset "${name}": it does not begin with "Dataset" and three ` +
        `digits, rename it, e.g. to Dataset004_Hippocampus`,
    );
  }
  return Number(digits);
}
