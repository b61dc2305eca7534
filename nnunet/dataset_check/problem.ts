/** What can be wrong with a dataset, the worst first. */
export const PROBLEM_KINDS = [
  "dataset.json",
  "folder",
  "unreadable file",
  "missing label map",
  "missing channel",
  "extra channel",
  "file name",
  "file ending",
  "number of cases",
  "NaN",
  "shape",
  "unknown label value",
  "label values",
  "label colours",
  "geometry",
  "patient in both",
  "duplicate image",
  "label map without image",
  "empty label map",
  "unused label",
  "rare label",
  "orientation",
  "few cases",
  "stray file",
] as const;

export type ProblemKind = typeof PROBLEM_KINDS[number];

/** One line of the table that `dataset check` prints. */
export interface Problem {
  kind: ProblemKind;
  /** Errors keep nnU-Net from training or make it learn nonsense; warnings want a look. */
  severity: "error" | "warning";
  /** Case, file or label that it is about. */
  where: string;
  /** What was found. */
  found: string;
  /** How bad it is among its kind, e.g. mm. */
  magnitude?: number;
  /** What `--fix` does about it; without it, `advice` says what the user can do. */
  fix?: string;
  advice?: string;
}

/** The worst first: errors, then by kind, then by magnitude. */
export function byBadness(a: Problem, b: Problem): number {
  const rank = ({ severity, kind }: Problem) =>
    (severity === "error" ? 0 : PROBLEM_KINDS.length) + PROBLEM_KINDS.indexOf(kind);
  return rank(a) - rank(b) || (b.magnitude ?? 0) - (a.magnitude ?? 0);
}
