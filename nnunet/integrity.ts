import {
  type CaseFiles,
  channelNames,
  type DatasetJson,
  discoverCases,
  type DiscoverCasesOptions,
  listFiles,
  parseDatasetJson,
} from "./dataset.ts";
import { DataError } from "./errors.ts";
import { determineReader, isReaderName, type ReaderName } from "./imageio/mod.ts";
import { checkCase, type CheckCaseJob } from "./integrity_case.ts";
import { LabelManager } from "./labels.ts";
import { Float, parsePythonJson } from "./python_json.ts";
import { runCases, type RunCasesOptions } from "./run_cases.ts";
import type { Store } from "./store.ts";

/** What a {@linkcode Finding} is about. */
export type FindingKind =
  | "dataset.json"
  | "folder"
  | "file name"
  | "number of cases"
  | "missing file"
  | "labels"
  | "reader"
  | "unreadable"
  | "label values"
  | "NaN"
  | "channels"
  | "shape"
  | "spacing"
  | "spacing file"
  | "origin"
  | "direction"
  | "affine";

/** One thing that is wrong with a dataset, or may be. */
export interface Finding {
  kind: FindingKind;
  /** Errors keep nnU-Net from training; warnings want a look. */
  severity: "error" | "warning";
  /** Case identifier, where it is about one case. */
  identifier?: string;
  /** One sentence: the file, what is wrong, what to do. */
  message: string;
}

/** Options for {@linkcode verifyDatasetIntegrity}. */
export type VerifyOptions = DiscoverCasesOptions & RunCasesOptions<CheckCaseJob, Finding[]>;

/**
 * Looks for all that nnU-Net's `verify_dataset_integrity` refuses or warns of (spec 01, section 7),
 * and lists all of it instead of stopping at the first. Images are read only when `dataset.json` and
 * the list of files are in order.
 *
 * @param folder of the raw dataset
 * @returns what was found, in the order of the cases; without errors the dataset can be used
 */
export async function verifyDatasetIntegrity(
  store: Store,
  folder: string,
  { environment, runCase = (job) => checkCase(store, job), ...options }: VerifyOptions = {},
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const json = await readDescription(store, folder, findings);
  if (!json) return findings;

  const cases = await checkFiles(store, folder, json, environment, findings);
  const labels = checkLabels(json, findings);
  if (findings.some(isError) || !labels) return findings;

  const reader = await chooseReader(store, json, cases, findings);
  if (!reader) return findings;
  const channels = channelNames(json);
  const run = (files: CaseFiles) => runCase({ reader, files, channels, labels });
  const ofCases = await runCases(store, cases, run, {
    stage: "verify dataset integrity",
    ...options,
  });
  return [...findings, ...ofCases.flat()];
}

/** Whether a finding keeps nnU-Net from training. */
export function isError({ severity }: Finding): boolean {
  return severity === "error";
}

async function readDescription(
  store: Store,
  folder: string,
  findings: Finding[],
): Promise<DatasetJson | undefined> {
  const path = `${folder}/dataset.json`;
  const error = (message: string) =>
    void findings.push({ kind: "dataset.json", severity: "error", message });
  if (!await store.stat(path)) {
    return error(`"${path}" is missing: write it, or convert the dataset again`);
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await store.read(path));
  try {
    const json = parseDatasetJson(text, path);
    if (!json.channel_names) {
      return error(`"${path}" has the old key "modality": rename it to "channel_names"`);
    }
    const { numTraining } = parsePythonJson(text, { keepFloats: true }) as DatasetJson;
    if (numTraining as unknown instanceof Float) {
      return error(`"${path}" has numTraining ${json.numTraining}.0: write ${json.numTraining}`);
    }
    return json;
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    return error(cause.message);
  }
}

async function checkFiles(
  store: Store,
  folder: string,
  json: DatasetJson,
  environment: Record<string, string> | undefined,
  findings: Finding[],
): Promise<CaseFiles[]> {
  const error = (kind: FindingKind, message: string, identifier?: string) =>
    void findings.push({ kind, severity: "error", message, identifier });
  if (!json.file_ending.startsWith(".")) {
    error(
      "dataset.json",
      `dataset.json has file_ending "${json.file_ending}": begin it with a dot`,
    );
  }
  if (!json.dataset) await checkFolders(store, folder, json.file_ending, error);

  const cases = await discoverCases(store, folder, json, { environment });
  if (cases.length !== json.numTraining) {
    error(
      "number of cases",
      `dataset.json has numTraining ${json.numTraining}, found: ${cases.length}` +
        `${exampleOf(cases)}: correct numTraining, the files, or file_ending "${json.file_ending}"`,
    );
  } else if (cases.length === 0) {
    error("number of cases", `"${folder}" has no case: put images into imagesTr`);
  }
  for (const { identifier, images, label } of cases) {
    for (const path of [...images, label]) {
      const stat = await store.stat(path);
      if (stat && !stat.isDirectory) continue;
      const wish = json.dataset
        ? `add it, or correct "dataset" in dataset.json`
        : "add it, or remove the images of this case";
      error("missing file", `"${path}" is missing: ${wish}`, identifier);
    }
  }
  return cases;
}

async function checkFolders(
  store: Store,
  folder: string,
  fileEnding: string,
  error: (kind: FindingKind, message: string) => void,
): Promise<void> {
  for (const name of ["imagesTr", "labelsTr"]) {
    const stat = await store.stat(`${folder}/${name}`);
    if (!stat?.isDirectory) error("folder", `"${folder}/${name}" is missing: add that folder`);
  }
  for (const name of await listFiles(store, `${folder}/imagesTr`, fileEnding)) {
    const suffix = name.slice(0, name.length - fileEnding.length).slice(-5);
    if (/^_\d{4}$/.test(suffix)) continue;
    error(
      "file name",
      `"imagesTr/${name}" does not end in the channel number: name it e.g. ` +
        `case_0000${fileEnding}`,
    );
  }
}

function exampleOf(cases: CaseFiles[]): string {
  if (cases.length === 0) return "";
  const names = cases.slice(0, 3).map(({ identifier }) => identifier).join(", ");
  return ` (${names}${cases.length > 3 ? ", ..." : ""})`;
}

/** The values that label maps may hold: consecutive from 0, the ignore label last. */
function checkLabels(json: DatasetJson, findings: Finding[]): number[] | undefined {
  const error = (message: string) =>
    void findings.push({ kind: "labels", severity: "error", message });
  try {
    const { allLabels, ignoreLabel } = new LabelManager(json);
    const expected = ignoreLabel === undefined ? allLabels : [...allLabels, ignoreLabel];
    const gap = expected.find((label, i) => label !== i);
    if (gap === undefined) return expected;
    return error(
      `dataset.json has the label ${gap} but not ${expected.indexOf(gap)}: labels must be ` +
        `consecutive, change the label maps and dataset.json`,
    );
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    return error(cause.message);
  }
}

async function chooseReader(
  store: Store,
  { overwrite_image_reader_writer: wanted, file_ending }: DatasetJson,
  cases: CaseFiles[],
  findings: Finding[],
): Promise<ReaderName | undefined> {
  if (wanted !== undefined && wanted !== "None") {
    if (isReaderName(wanted)) return wanted;
    findings.push({
      kind: "reader",
      severity: "warning",
      message: `dataset.json names the reader "${wanted}", which does not exist: remove ` +
        `overwrite_image_reader_writer`,
    });
  }
  try {
    return await determineReader(file_ending, cases[0].images[0], store);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    findings.push({ kind: "unreadable", severity: "error", message: cause.message });
    return undefined;
  }
}
