import { type DatasetJson, parseDatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import {
  Float,
  formatPythonJson,
  fromOrderedEntries,
  orderedEntries,
  parsePythonJson,
} from "../python_json.ts";
import type { Problem } from "./problem.ts";

/** `dataset.json` after all that can be put right without looking at images. */
export interface Description {
  json: DatasetJson;
  problems: Problem[];
  /** Whether `json` differs from the file. */
  isChanged: boolean;
}

/** What the files say where `dataset.json` does not. */
export interface FilesSay {
  fileEnding: string;
  numTraining: number;
  channelFiles: number;
}

type Entries = Record<string, unknown>;

const WHOLE_NUMBER = /^\s*\d+\s*$/;
const BYTE_ORDER_MARK = "\uFEFF";
const isNumberText = (value: unknown) => WHOLE_NUMBER.test(String(value));

/**
 * Reads `dataset.json` and puts right what people get wrong in it: commas too many, keys of nnU-Net
 * v1, names and numbers the wrong way round, a background of another name, counts that are off.
 * Without a file one is made from what the files say; its labels are found later.
 *
 * @param text of the file; `undefined` where there is none
 * @throws {DataError} when it cannot be understood
 */
export function readDescription(
  text: string | undefined,
  path: string,
  files: FilesSay,
): Description {
  const problems: Problem[] = [];
  const report = (found: string, fix: string) =>
    void problems.push({
      kind: "dataset.json",
      severity: "error",
      where: "dataset.json",
      found,
      fix,
    });

  if (text === undefined) report("missing", "write it from the files");
  const entries = new Map(orderedEntries(parseLeniently(text ?? "{}", path, report)));
  if (!entries.has("channel_names")) {
    if (isEntries(entries.get("modality"))) {
      report(`has nnU-Net v1's key "modality"`, `rename it to "channel_names"`);
      entries.set("channel_names", entries.get("modality"));
      entries.delete("modality");
    } else {
      const names = Array.from({ length: files.channelFiles }, (_, i) => `channel_${i}`);
      if (text !== undefined) report("does not name the channels", `name them ${names.join(", ")}`);
      entries.set("channel_names", { ...names });
    }
  }
  const channels = entries.get("channel_names");
  if (isTurned(channels)) {
    report("channel_names map names to numbers", "turn them round");
    entries.set("channel_names", turned(channels));
  }
  if (!isEntries(entries.get("labels"))) entries.set("labels", { background: 0 });
  const labels = entries.get("labels") as Entries;
  if (orderedEntries(labels).every(([name, value]) => isNumberText(name) && !isNumberText(value))) {
    report("labels map numbers to names, as in nnU-Net v1", "turn them round");
    const pairs = orderedEntries(labels).map((
      [value, name],
    ) => [String(name).trim(), Number(value)]);
    entries.set("labels", fromOrderedEntries(pairs as [string, number][]));
  }
  nameBackground(entries, report);
  checkCounts(entries, files, text !== undefined, problems);

  const json = fromOrderedEntries(entries);
  return {
    json: parseDatasetJson(formatPythonJson(json), path),
    problems,
    isChanged: problems.length > 0,
  };
}

function parseLeniently(
  text: string,
  path: string,
  report: (found: string, fix: string) => void,
): Entries {
  const parse = (json: string) => {
    const value = parsePythonJson(json);
    if (!isEntries(value)) throw new SyntaxError("an object with keys expected");
    // nnU-Net multiplies a list by it, which Python refuses to do with 5.0.
    const { numTraining } = parsePythonJson(json, { keepFloats: true }) as Entries;
    return numTraining instanceof Float ? { ...value, numTraining } : value;
  };
  if (text.startsWith(BYTE_ORDER_MARK)) {
    report("begins with a byte order mark", "take it away");
    text = text.slice(BYTE_ORDER_MARK.length);
  }
  try {
    return parse(text);
  } catch (error) {
    // A comma before a closing bracket; text in quotes is left alone.
    const without = text.replace(
      /("(?:[^"\\]|\\.)*")|,(\s*[}\]])/g,
      (_, quoted, closing) => quoted ?? closing,
    );
    try {
      const value = parse(without);
      report(`a comma too many: ${(error as Error).message}`, "take the comma away");
      return value;
    } catch {
      throw new DataError(
        `Cannot read "${path}": ${(error as Error).message}, correct the JSON there`,
      );
    }
  }
}

function nameBackground(
  entries: Map<string, unknown>,
  report: (found: string, fix: string) => void,
): void {
  const labels = orderedEntries(entries.get("labels") as Entries);
  if (labels.some(([name]) => name === "background")) return;
  const zero = labels.find(([, value]) => String(value) === "0");
  if (zero) {
    report(`label 0 is called "${zero[0]}"`, `call it "background"`);
    entries.set(
      "labels",
      fromOrderedEntries(
        labels.map(([name, value]) => [name === zero[0] ? "background" : name, value]),
      ),
    );
  } else {
    report("has no background", `add "background": 0`);
    entries.set("labels", fromOrderedEntries([["background", 0], ...labels]));
  }
}

function checkCounts(
  entries: Map<string, unknown>,
  { fileEnding, numTraining }: FilesSay,
  isGiven: boolean,
  problems: Problem[],
): void {
  const expect = (key: string, kind: Problem["kind"], value: unknown, found: string) => {
    if (entries.get(key) === value) return;
    if (isGiven) {
      problems.push({
        kind,
        severity: "error",
        where: "dataset.json",
        found: `${key} is ${
          entries.has(key) ? formatPythonJson(entries.get(key)) : "missing"
        }, ${found}`,
        fix: `set ${key} to ${JSON.stringify(value)}`,
      });
    }
    entries.set(key, value);
  };
  expect("file_ending", "file ending", fileEnding, `the images end in "${fileEnding}"`);
  expect("numTraining", "number of cases", numTraining, `there are ${numTraining} cases`);
}

function isEntries(value: unknown): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTurned(value: unknown): value is Entries {
  return isEntries(value) && Object.keys(value).length > 0 &&
    orderedEntries(value).every(([name, number]) => !isNumberText(name) && isNumberText(number));
}

function turned(map: Entries): Record<string, string> {
  const pairs = orderedEntries(map).map(([name, number]): [string, string] => [
    String(Number(number)),
    name,
  ]);
  return fromOrderedEntries(pairs.sort(([a], [b]) => Number(a) - Number(b)));
}
