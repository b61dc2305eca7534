import { type CaseFiles, type DatasetJson, discoverCases } from "../dataset.ts";
import { DataError } from "../errors.ts";
import {
  determineReader,
  isReaderName,
  type ReaderName,
  readSeg,
  writeSeg,
} from "../imageio/mod.ts";
import { storedLabels, translateValues } from "../label_values.ts";
import type { OnProgress } from "../progress.ts";
import { formatPythonJson, parsePythonJson } from "../python_json.ts";
import { createSplits, formatSplits, parseSplits, type Split } from "../splits.ts";
import type { Store } from "../store.ts";
import { duplicates, nameChannels, orientations } from "./across_cases.ts";
import { type CaseContent, checkCase, roundNearlyWhole } from "./check_case.ts";
import { readDescription } from "./description.ts";
import { type CaseToCheck, type DatasetFiles, findFiles } from "./files.ts";
import { checkLabels } from "./label_problems.ts";
import { leakingPatients, patientsOf, splitByPatient } from "./patients.ts";
import { byBadness, type Problem } from "./problem.ts";
import type { RepairStep } from "./repair.ts";

export type { Problem, ProblemKind } from "./problem.ts";
export { finishRepair, repair, type RepairStep } from "./repair.ts";

/** Options for {@linkcode checkDataset}. */
export interface CheckOptions {
  /** Folder of the preprocessed dataset, where splits may be in use. */
  preprocessedFolder?: string;
  /** Regular expression that finds the patient in a case identifier. */
  patient?: string;
  /** Variables that paths of a `dataset` table may use. */
  environment?: Record<string, string>;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** All that is wrong with a dataset, and how to put right what can be. */
export interface CheckReport {
  cases: number;
  /** The worst first. */
  problems: Problem[];
  /** For {@linkcode repair}. */
  repairs: RepairStep[];
}

const FOLDS = 5;

/**
 * Looks for all that is wrong with a raw dataset: names, `dataset.json`, channels, geometry, label
 * values, NaN, empty and double cases, rare classes, patients on both sides of a split. Everything is
 * judged as it will be after the repairs. Nothing is changed.
 *
 * @param folder of the raw dataset
 */
export async function checkDataset(
  store: Store,
  folder: string,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const path = `${folder}/dataset.json`;
  const text = await store.stat(path)
    ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(await store.read(path))
    : undefined;
  const files = await filesOf(store, folder, text, options);
  const problems = [...files.problems];
  const report = (repairs: RepairStep[]): CheckReport => ({
    cases: files.cases.length,
    problems: problems.sort(byBadness),
    repairs,
  });
  let description;
  try {
    description = readDescription(text, path, {
      fileEnding: files.fileEnding,
      numTraining: files.cases.length,
      channelFiles: files.cases[0]?.images.length ?? 1,
    });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    problems.push({
      kind: "dataset.json",
      severity: "error",
      where: "dataset.json",
      found: error.message,
      advice: "correct it there, then check again",
    });
    return report([]);
  }
  problems.push(...description.problems);
  const reader = await chooseReader(store, description.json, files.cases, problems);
  if (!reader) return report(moves(files));

  const contents = await readCases(store, reader, files.cases, options);
  problems.push(...contents.flatMap((content) => content.problems));
  const named = nameChannels(description.json, contents, problems);
  const labels = checkLabels(named, contents, text !== undefined);
  problems.push(...labels.problems, ...duplicates(contents), ...orientations(contents));
  const splits = await checkSplits(store, folder, files.cases, options, problems);

  const rewritten = rewrittenLabels(store, reader, files.cases, contents, labels.translation);
  const json = formatPythonJson(labels.json);
  return report([
    ...rewritten,
    ...moves(files, new Set(rewritten.map((step) => "to" in step ? step.to : step.remove))),
    ...splits,
    // Last, as everywhere: what has a `dataset.json` is complete.
    ...description.isChanged || labels.json !== description.json
      ? [{ to: path, write: (to: string) => store.write(to, json) }]
      : [],
  ]);
}

/** The cases as the folders show them, or as the table in `dataset.json` lists them. */
async function filesOf(
  store: Store,
  folder: string,
  text: string | undefined,
  { environment }: CheckOptions,
): Promise<DatasetFiles> {
  let declared: Partial<DatasetJson> = {};
  try {
    declared = (parsePythonJson(text?.trim() ?? "{}") ?? {}) as Partial<DatasetJson>;
  } catch {
    // What is wrong with the text is said where it is read for good.
  }
  if (typeof declared.dataset !== "object" || declared.dataset === null) {
    const { file_ending } = declared;
    return await findFiles(
      store,
      folder,
      typeof file_ending === "string" ? file_ending : undefined,
    );
  }
  const listed = await discoverCases(store, folder, declared as DatasetJson, { environment });
  return await filesOfTable(store, listed, declared.file_ending ?? ".nii.gz");
}

async function filesOfTable(
  store: Store,
  listed: CaseFiles[],
  fileEnding: string,
): Promise<DatasetFiles> {
  const problems: Problem[] = [];
  const cases: CaseToCheck[] = [];
  for (const { identifier, images, label } of listed) {
    const present: string[] = [];
    for (const path of [...images, label]) {
      if (await store.stat(path)) present.push(path);
      else {
        problems.push({
          kind: path === label ? "missing label map" : "missing channel",
          severity: "error",
          where: identifier,
          found: `there is no "${path}"`,
          advice: `add it, or correct "dataset" in dataset.json`,
        });
      }
    }
    const file = (path: string) => ({ path, target: path });
    cases.push({
      identifier,
      images: images.filter((path) => present.includes(path)).map(file),
      label: present.includes(label) ? file(label) : undefined,
    });
  }
  return { fileEnding, cases, problems, stray: [] };
}

async function chooseReader(
  store: Store,
  { overwrite_image_reader_writer: wanted, file_ending }: DatasetJson,
  cases: CaseToCheck[],
  problems: Problem[],
): Promise<ReaderName | undefined> {
  if (wanted !== undefined && isReaderName(wanted)) return wanted;
  // The first file may be the damaged one; that is said when the cases are read.
  const examples = cases.flatMap(({ images }) => images.slice(0, 1)).slice(0, 3);
  if (examples.length === 0) {
    problems.push({
      kind: "number of cases",
      severity: "error",
      where: "imagesTr",
      found: `no file ends in ${file_ending}`,
      advice: "put the images there",
    });
    return undefined;
  }
  let complaint: DataError | undefined;
  for (const { path } of examples) {
    try {
      return await determineReader(file_ending, path, store);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      complaint ??= error;
    }
  }
  problems.push({
    kind: "unreadable file",
    severity: "error",
    where: cases[0].identifier,
    found: complaint!.message,
    advice: "replace it, then check again",
  });
  return undefined;
}

async function readCases(
  store: Store,
  reader: ReaderName,
  cases: CaseToCheck[],
  { onProgress, signal }: CheckOptions,
): Promise<CaseContent[]> {
  const contents: CaseContent[] = [];
  for (const [done, files] of cases.entries()) {
    signal?.throwIfAborted();
    const message = files.identifier;
    onProgress?.({ stage: "check cases", done, total: cases.length, message });
    contents.push(await checkCase(store, reader, files));
  }
  onProgress?.({ stage: "check cases", done: cases.length, total: cases.length });
  return contents;
}

async function checkSplits(
  store: Store,
  folder: string,
  cases: CaseToCheck[],
  { preprocessedFolder, patient }: CheckOptions,
  problems: Problem[],
): Promise<RepairStep[]> {
  const identifiers = cases.map(({ identifier }) => identifier);
  const places = [preprocessedFolder, folder].filter((place) => place !== undefined);
  let splits: Split[] | undefined;
  let inUse: string | undefined;
  for (const place of places) {
    const path = `${place}/splits_final.json`;
    if (inUse !== undefined || !await store.stat(path)) continue;
    inUse = path;
    splits = parseSplits(new TextDecoder().decode(await store.read(path)), path);
  }
  if (!splits && identifiers.length < FOLDS) {
    problems.push({
      kind: "few cases",
      severity: "warning",
      where: "dataset",
      found: `${identifiers.length} cases are too few for ${FOLDS} folds`,
      advice: `train fold "all", or write a splits_final.json`,
    });
    return [];
  }
  const patients = patientsOf(identifiers, patient);
  const leaks = leakingPatients(splits ?? createSplits(identifiers), patients);
  const canSplit = patient !== undefined && inUse === undefined;
  for (const { fold, patient: name, cases } of leaks) {
    problems.push({
      kind: "patient in both",
      severity: "warning",
      where: name,
      found: `${cases.join(", ")} are on both sides of fold ${fold}`,
      magnitude: cases.length,
      ...canSplit
        ? { fix: "write a splits_final.json that keeps patients together" }
        : inUse !== undefined
        ? { advice: `correct "${inUse}"` }
        : { advice: "if they are one patient, add --patient REGEX and --fix" },
    });
  }
  if (leaks.length === 0 || !canSplit) return [];
  const text = formatSplits(splitByPatient(patients));
  return [{ to: `${folder}/splits_final.json`, write: (to) => store.write(to, text) }];
}

/** Label maps that get new values, another header or one channel in place of three. */
function rewrittenLabels(
  store: Store,
  reader: ReaderName,
  cases: CaseToCheck[],
  contents: CaseContent[],
  translation: Map<number, number> | undefined,
): RepairStep[] {
  return cases.flatMap(({ label }, i): RepairStep[] => {
    const { labelCounts, mustStoreLabel, geometryOfImage } = contents[i];
    if (!label || !labelCounts) return [];
    const values = [...labelCounts.keys()];
    const to = (value: number) => translation?.get(value) ?? value;
    const isChanged = mustStoreLabel || geometryOfImage || values.some((v) => to(v) !== v);
    if (!isChanged) return [];
    const all = new Map(values.map((value) => [value, to(value)]));
    const write = async (path: string) => {
      const seg = await readSeg(store, reader, label.path);
      const { values, shape } = storedLabels(label.path, seg);
      roundNearlyWhole(values);
      const properties = geometryOfImage ?? seg.properties;
      await writeSeg(store, reader, path, translateValues(values, all), shape, properties);
    };
    const moved = label.path === label.target ? [] : [{ remove: label.path }];
    return [{ to: label.target, write }, ...moved];
  });
}

/** Files that lie in the wrong place, less those that are `done`, and those that are none of ours. */
function moves({ cases, stray }: DatasetFiles, done: Set<string> = new Set()): RepairStep[] {
  const files = cases.flatMap(({ images, label }) => label ? [...images, label] : images);
  return [
    ...files.filter(({ path, target }) => path !== target && !done.has(path))
      .map(({ path, target }) => ({ to: target, moveFrom: path })),
    ...stray.map((path) => ({ remove: path })),
  ];
}
