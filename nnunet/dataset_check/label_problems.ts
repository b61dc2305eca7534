import type { DatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import { labelValuesOf } from "../label_values.ts";
import { LabelManager } from "../labels.ts";
import { fromOrderedEntries, orderedEntries } from "../python_json.ts";
import type { CaseContent } from "./check_case.ts";
import type { Problem } from "./problem.ts";

/** What the label maps and `dataset.json` say of each other. */
export interface LabelReport {
  problems: Problem[];
  /** `dataset.json` with labels 0 to n. */
  json: DatasetJson;
  /** New value of each stored one; `undefined` where they stay. */
  translation?: Map<number, number>;
}

/** A class below this share of all voxels is hard to learn. */
const RARE = 1e-5;
/** A class in fewer cases is missing from a fold. */
const FOLDS = 5;

/**
 * Compares the values of all label maps with those that `dataset.json` declares.
 *
 * @param isDeclared whether there was a `dataset.json`; else the labels are what is found
 */
export function checkLabels(
  json: DatasetJson,
  contents: CaseContent[],
  isDeclared: boolean,
): LabelReport {
  const problems: Problem[] = [];
  const found = countAll(contents);
  if (!isDeclared) json = { ...json, labels: labelsOf([...found.keys()]) };
  const declared = new Set(Object.values(json.labels).flat());
  const unknown = [...found.keys()].filter((value) => !declared.has(value)).sort((a, b) => a - b);
  const isAlone = isOtherForeground(json, unknown, found);
  for (const value of unknown) {
    const { voxels, cases } = found.get(value)!;
    problems.push({
      kind: "unknown label value",
      severity: "error",
      where: value === 0 ? "background" : String(value),
      found: `${voxels} voxels in ${listed(cases)}; dataset.json declares ` +
        [...declared].sort((a, b) => a - b).join(", "),
      magnitude: voxels,
      ...isAlone
        ? { fix: "change it to 1 in the label maps" }
        : { advice: "add the label to dataset.json, or correct the label maps" },
    });
  }
  if (isAlone) {
    return {
      problems,
      json: { ...json, label_values: recordOf(json, new Map([[0, 0], [unknown[0], 1]])) },
      translation: new Map([[0, 0], [unknown[0], 1]]),
    };
  }
  if (unknown.length > 0) return { problems, json };
  problems.push(...checkFrequencies(json, contents, found));
  return { problems, ...closeGaps(json, problems) };
}

function listed(cases: string[]): string {
  const names = cases.slice(0, 3).join(", ");
  return cases.length > 3 ? `${names} and ${cases.length - 3} more cases` : names;
}

interface Found {
  voxels: number;
  cases: string[];
}

function countAll(contents: CaseContent[]): Map<number, Found> {
  const found = new Map<number, Found>();
  for (const { identifier, labelCounts } of contents) {
    for (const [value, voxels] of labelCounts ?? []) {
      const sum = found.get(value) ?? { voxels: 0, cases: [] };
      sum.voxels += voxels;
      sum.cases.push(identifier);
      found.set(value, sum);
    }
  }
  return found;
}

function labelsOf(values: number[]): Record<string, number> {
  const foreground = values.filter((value) => value !== 0).sort((a, b) => a - b);
  return Object.fromEntries([
    ["background", 0],
    ...foreground.map((value) => [`label_${value}`, value]),
  ]);
}

/** Masks of 0 and 255 with a `dataset.json` that says 0 and 1: the one can only be the other. */
function isOtherForeground(
  { labels }: DatasetJson,
  unknown: number[],
  found: Map<number, Found>,
): boolean {
  return unknown.length === 1 && !found.has(1) &&
    Object.values(labels).sort().join() === "0,1" && labels.background === 0;
}

/** Gives labels with gaps the values 0 to n, the ignore label the highest. */
function closeGaps(
  json: DatasetJson,
  problems: Problem[],
): Pick<LabelReport, "json" | "translation"> {
  const values = [...new Set(Object.values(json.labels).flat())];
  const { ignore } = json.labels;
  const ascending = values.filter((value) => value !== ignore).sort((a, b) => a - b);
  if (typeof ignore === "number") ascending.push(ignore);
  if (ascending.every((value, i) => value === i)) {
    problems.push(...complaintsOfLabelManager(json));
    return { json };
  }
  const translation = new Map(ascending.map((value, i) => [value, i]));
  problems.push({
    kind: "label values",
    severity: "error",
    where: "dataset.json",
    found: `labels are ${ascending.join(", ")}, they must be 0 to ${ascending.length - 1}`,
    fix: "renumber them in all label maps; label_values records what they were",
  });
  const to = (value: number) => translation.get(value)!;
  const labels = orderedEntries(json.labels).map(([name, value]): [string, number | number[]] => [
    name,
    Array.isArray(value) ? value.map(to) : to(value),
  ]);
  const changed: DatasetJson = { ...json, labels: fromOrderedEntries(labels) };
  if (json.regions_class_order) changed.regions_class_order = json.regions_class_order.map(to);
  // Regions overlap, so that no value belongs to one name.
  else changed.label_values = recordOf(json, translation);
  problems.push(...complaintsOfLabelManager(changed));
  return { json: changed, translation };
}

function complaintsOfLabelManager(json: DatasetJson): Problem[] {
  try {
    new LabelManager(json);
    return [];
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return [{
      kind: "dataset.json",
      severity: "error",
      where: "dataset.json",
      found: error.message,
      advice: "correct it there",
    }];
  }
}

/** The record of stored values; where there is one already, it goes further back. */
function recordOf(json: DatasetJson, translation: Map<number, number>): Record<string, unknown> {
  const earlier = labelValuesOf(json);
  const nameOf = new Map(orderedEntries(json.labels).map(([name, value]) => [value, name]));
  const renumbered = [...translation].map(([stored, label]): [string, unknown] => [
    nameOf.get(stored) ?? nameOf.get(label)!,
    earlier?.get(stored) ?? stored,
  ]);
  return fromOrderedEntries(renumbered);
}

function checkFrequencies(
  json: DatasetJson,
  contents: CaseContent[],
  found: Map<number, Found>,
): Problem[] {
  const problems: Problem[] = [];
  const warn = (problem: Omit<Problem, "severity">) =>
    void problems.push({ severity: "warning", ...problem });
  const { ignore } = json.labels;
  const labelled = contents.filter(({ labelCounts }) => labelCounts);
  for (const { identifier, labelCounts } of labelled) {
    if ([...labelCounts!.keys()].some((value) => value !== 0 && value !== ignore)) continue;
    warn({
      kind: "empty label map",
      where: identifier,
      found: "holds nothing but background",
      advice: "fine if nothing is there to be seen; else label it or take the case out",
    });
  }
  const total = [...found.values()].reduce((sum, { voxels }) => sum + voxels, 0);
  for (const [name, value] of orderedEntries(json.labels)) {
    if (name === "background" || name === "ignore") continue;
    const parts = [value].flat().map((v) => found.get(v)).filter((f) => f !== undefined);
    const voxels = parts.reduce((sum, part) => sum + part.voxels, 0);
    const cases = new Set(parts.flatMap((part) => part.cases)).size;
    if (voxels === 0) {
      warn({
        kind: "unused label",
        where: name,
        found: `no label map holds ${[value].flat().join(", ")}`,
        advice: "a network cannot learn it: take it out of dataset.json, or label it",
      });
    } else if (voxels < RARE * total || cases < Math.min(FOLDS, labelled.length)) {
      warn({
        kind: "rare label",
        where: name,
        found: `${voxels} voxels (${(100 * voxels / total).toPrecision(2)} %) in ${cases} of ` +
          `${labelled.length} cases`,
        magnitude: -voxels,
        advice: "expect a low score; more cases with it help most",
      });
    }
  }
  return problems;
}
