import { DataError } from "../errors.ts";
import { pairwiseSum } from "../numerics/pairwise_sum.ts";
import { formatPythonJson, parsePythonJson } from "../python_json.ts";
import type { LabelOrRegion, Metrics } from "./metrics.ts";

/** Metrics of one case, by {@linkcode classKey}. */
export interface CaseMetrics {
  metrics: Record<string, Metrics>;
  prediction_file: string;
  reference_file: string;
}

/** nnU-Net's `summary.json` (spec 07/2). */
export interface Summary {
  /** Mean of `mean` over the classes, background left out. */
  foreground_mean: Metrics;
  /** Mean over the cases, NaN left out, by {@linkcode classKey}. */
  mean: Record<string, Metrics>;
  metric_per_case: CaseMetrics[];
}

const METRIC_NAMES = ["Dice", "FN", "FP", "IoU", "TN", "TP", "n_pred", "n_ref"] as const;

/** The key of a class in a summary: `1`, `(1, 2)`, `(3,)`, as Python prints it. */
export function classKey(labelOrRegion: LabelOrRegion): string {
  if (typeof labelOrRegion === "number") return String(labelOrRegion);
  return `(${labelOrRegion.join(", ")}${labelOrRegion.length === 1 ? "," : ""})`;
}

/**
 * The inverse of {@linkcode classKey}.
 *
 * @throws {DataError} where the text is no such key
 */
export function parseClassKey(key: string): LabelOrRegion {
  if (/^-?\d+$/.test(key)) return Number(key);
  if (!/^\(\s*-?\d+\s*(,\s*-?\d+\s*)*,?\s*\)$/.test(key)) {
    throw new DataError(
      `Cannot read class "${key}" of a summary: expected a label such as 1 or a region such as (1, 2)`,
    );
  }
  return key.slice(1, -1).split(",").filter((part) => part.trim()).map(Number);
}

/**
 * Means over the cases and over the classes.
 *
 * @param classes all classes of the cases; their order decides the last bit of `foreground_mean`
 */
export function summarize(
  cases: readonly CaseMetrics[],
  classes: readonly LabelOrRegion[],
): Summary {
  const mean: Record<string, Metrics> = {};
  for (const key of classes.map(classKey)) {
    mean[key] = forEachMetric((name) => nanMean(cases.map(({ metrics }) => metrics[key][name])));
  }
  const foreground = classes.filter((labelOrRegion) => labelOrRegion !== 0).map(classKey);
  return {
    foreground_mean: forEachMetric((name) => plainMean(foreground.map((key) => mean[key][name]))),
    mean,
    metric_per_case: [...cases],
  };
}

/** The text of `summary.json`, byte for byte as nnU-Net writes it. */
export function formatSummary(summary: Summary): string {
  return formatPythonJson(summary, {
    sortKeys: true,
    isFloat: (path) => path[0] !== "metric_per_case" || ["Dice", "IoU"].includes(path.at(-1)!),
  });
}

/**
 * Reads `summary.json`, `NaN` included.
 *
 * @param path named in errors
 * @throws {DataError} where it is not a summary
 */
export function parseSummary(text: string, path: string): Summary {
  const fail = (what: string): never => {
    throw new DataError(`Cannot read "${path}": ${what}, evaluate the folder again`);
  };
  let summary;
  try {
    summary = parsePythonJson(text);
  } catch (error) {
    return fail((error as Error).message);
  }
  const isRecord = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const areMetrics = (value: unknown) =>
    isRecord(value) && METRIC_NAMES.every((name) => typeof value[name] === "number");
  const areClasses = (value: unknown) => isRecord(value) && Object.values(value).every(areMetrics);

  if (!isRecord(summary)) return fail("it is no JSON object");
  if (!areMetrics(summary.foreground_mean)) return fail(`"foreground_mean" is no set of metrics`);
  if (!areClasses(summary.mean)) return fail(`"mean" does not hold metrics for each class`);
  const cases = summary.metric_per_case;
  if (!Array.isArray(cases) || !cases.every((c) => isRecord(c) && areClasses(c.metrics))) {
    return fail(`"metric_per_case" does not hold metrics for each case and class`);
  }
  return summary as unknown as Summary;
}

function forEachMetric(value: (name: keyof Metrics) => number): Metrics {
  return Object.fromEntries(METRIC_NAMES.map((name) => [name, value(name)])) as unknown as Metrics;
}

/** `numpy.nanmean`: NaN counts as 0 in the sum and not at all in the number. */
function nanMean(values: readonly number[]): number {
  const count = values.filter((value) => !Number.isNaN(value)).length;
  return pairwiseSum(values.map((value) => Number.isNaN(value) ? 0 : value)) / count;
}

function plainMean(values: readonly number[]): number {
  return pairwiseSum(values) / values.length;
}
