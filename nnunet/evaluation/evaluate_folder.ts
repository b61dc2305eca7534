import { type DatasetJson, listFiles } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { determineReader, isReaderName, type ReaderName, readSeg } from "../imageio/mod.ts";
import { LabelManager } from "../labels.ts";
import type { OnProgress } from "../progress.ts";
import { orderedEntries } from "../python_json.ts";
import type { Store } from "../store.ts";
import { computeMetrics, type LabelOrRegion } from "./metrics.ts";
import { type CaseMetrics, classKey, formatSummary, summarize, type Summary } from "./summary.ts";

/** How a folder is evaluated. */
export interface EvaluateOptions {
  /** Evaluate what is there although predictions are missing. @default false */
  chill?: boolean;
  onProgress?: OnProgress;
}

/**
 * Compares all predictions of a folder with the references of the same name (spec 07/1 and 07/7,
 * `nnUNetv2_evaluate_folder`): labels, regions and ignore label as `dataset.json` has them. Geometry
 * plays no part, only the number of voxels on each axis.
 *
 * @throws {DataError} where there is no prediction, one has no reference or another shape, or, unless
 * `chill`, a prediction is missing
 */
export async function evaluateFolder(
  store: Store,
  referenceFolder: string,
  predictionFolder: string,
  { datasetJson, ...options }: EvaluateOptions & { datasetJson: DatasetJson },
): Promise<Summary> {
  const { file_ending, overwrite_image_reader_writer: preferred } = datasetJson;
  const named = preferred !== undefined && isReaderName(preferred) ? preferred : undefined;
  return await evaluate(store, referenceFolder, predictionFolder, {
    ...options,
    fileEnding: file_ending,
    reader: named,
    classes: evaluatedClasses(datasetJson),
    ignoreLabel: new LabelManager(datasetJson).ignoreLabel,
  });
}

/**
 * Like {@linkcode evaluateFolder} for given label values, without a `dataset.json`
 * (`nnUNetv2_evaluate_simple`). The file ending is that of the first reference.
 */
export async function evaluateFolderSimple(
  store: Store,
  referenceFolder: string,
  predictionFolder: string,
  { labels, ignoreLabel, ...options }: EvaluateOptions & {
    labels: readonly number[];
    ignoreLabel?: number;
  },
): Promise<Summary> {
  const [first] = await listFiles(store, referenceFolder, "");
  const fileEnding = first?.match(/\.nii\.gz$|\.[^.]+$/)?.[0];
  if (fileEnding === undefined) {
    throw cannot(referenceFolder, predictionFolder, "there are no reference files");
  }
  return await evaluate(store, referenceFolder, predictionFolder, {
    ...options,
    fileEnding,
    classes: labels,
    ignoreLabel,
  });
}

/** Writes `summary.json`. */
export async function writeSummary(store: Store, path: string, summary: Summary): Promise<void> {
  await store.write(path, formatSummary(summary));
}

/**
 * What is evaluated: the regions as `dataset.json` declares them (a list stays a list, a plain number
 * a number), or each foreground label.
 */
export function evaluatedClasses(datasetJson: DatasetJson): LabelOrRegion[] {
  const manager = new LabelManager(datasetJson);
  if (!manager.hasRegions) return manager.foregroundLabels;
  return orderedEntries(datasetJson.labels)
    .filter(([name, value]) => name !== "ignore" && [value].flat().some((label) => label !== 0))
    .map(([, value]) => value);
}

async function evaluate(
  store: Store,
  referenceFolder: string,
  predictionFolder: string,
  { fileEnding, reader, classes, ignoreLabel, chill = false, onProgress }: EvaluateOptions & {
    fileEnding: string;
    reader?: ReaderName;
    classes: readonly LabelOrRegion[];
    ignoreLabel?: number;
  },
): Promise<Summary> {
  const references = await listFiles(store, referenceFolder, fileEnding);
  const predictions = await listFiles(store, predictionFolder, fileEnding);
  const fail = (what: string) => cannot(referenceFolder, predictionFolder, what);
  if (predictions.length === 0) throw fail(`there are no predictions ending in ${fileEnding}`);
  const missing = references.filter((name) => !predictions.includes(name));
  if (missing.length > 0 && !chill) {
    throw fail(
      `${missing.length} of ${references.length} predictions are missing, the first is "${
        missing[0]
      }"; predict them or pass --chill`,
    );
  }
  const unknown = predictions.find((name) => !references.includes(name));
  if (unknown !== undefined) throw fail(`"${unknown}" has no reference`);

  const example = joinPath(referenceFolder, references[0]);
  const chosen = reader ?? await determineReader(fileEnding, example, store);
  const cases: CaseMetrics[] = [];
  for (const name of predictions) {
    onProgress?.({
      stage: "evaluate",
      done: cases.length,
      total: predictions.length,
      message: name,
    });
    const reference_file = joinPath(referenceFolder, name);
    const prediction_file = joinPath(predictionFolder, name);
    const reference = await readSeg(store, chosen, reference_file);
    const prediction = await readSeg(store, chosen, prediction_file);
    if (reference.shape.some((n, axis) => n !== prediction.shape[axis])) {
      throw fail(
        `"${name}" has ${prediction.shape.slice(1).join(" × ")} voxels, its reference ${
          reference.shape.slice(1).join(" × ")
        }; predict on the images that the reference belongs to`,
      );
    }
    const metrics = computeMetrics(reference.data, prediction.data, classes, ignoreLabel);
    cases.push({
      metrics: Object.fromEntries(metrics.map((values, i) => [classKey(classes[i]), values])),
      prediction_file,
      reference_file,
    });
  }
  onProgress?.({ stage: "evaluate", done: cases.length, total: cases.length });
  return summarize(cases, classes);
}

function cannot(referenceFolder: string, predictionFolder: string, what: string): DataError {
  return new DataError(
    `Cannot evaluate "${predictionFolder}" against "${referenceFolder}": ${what}`,
  );
}

function joinPath(folder: string, name: string): string {
  return folder === "" || folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}
