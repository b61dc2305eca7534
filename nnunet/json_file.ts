import * as v from "valibot";
import { DataError } from "./errors.ts";
import { parsePythonJson } from "./python_json.ts";

/**
 * Parses the text of a JSON file and checks it against a schema of the keys this program needs;
 * further keys stay as they are.
 *
 * @param path where the text comes from, for the messages
 * @throws {DataError} naming the file and the line, or the file and the key
 */
export function parseJsonFile<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
  path: string,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = parsePythonJson(text);
  } catch (error) {
    throw new DataError(
      `Cannot read "${path}": ${(error as Error).message}, correct the JSON there`,
    );
  }
  const result = v.safeParse(schema, value);
  if (!result.success) {
    const issue = result.issues[0];
    const key = v.getDotPath(issue);
    const what = key === null ? issue.message : `"${key}": ${describeIssue(issue)}`;
    throw new DataError(`Cannot use "${path}": ${what}, correct it there`);
  }
  // The schema only checks; the parsed value itself keeps the order of its keys.
  return value as v.InferOutput<Schema>;
}

/** What is wrong at the path of an issue; a missing key is reported by the object that lacks it. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  return issue.received === "undefined" ? "the key is missing" : issue.message;
}

/** A whole number, as valibot reports it when it is not. */
export const integer = v.pipe(
  v.number("expected a whole number"),
  v.integer("expected a whole number"),
);
