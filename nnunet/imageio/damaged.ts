import { DataError } from "../errors.ts";

/** A file that is cut off or contradicts itself; copying or exporting it again is the cure. */
export function damaged(path: string, what: string): DataError {
  return new DataError(`Cannot read "${path}": ${what}, copy or export it again`);
}

/** A whole file of a kind that is not read here; `cure` says what to do instead. */
export function unsupported(path: string, what: string, cure: string): DataError {
  return new DataError(`Cannot read "${path}": ${what}, ${cure}`);
}
