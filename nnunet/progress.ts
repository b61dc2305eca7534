/** What long work reports while it runs; the terminal, a page and `--json` share it. */
export interface Progress {
  /** What is being done, e.g. `"preprocess 3d_fullres"`. */
  stage: string;
  /** Units finished so far, of `total`. */
  done: number;
  total: number;
  /** What the current unit is, e.g. a case identifier. */
  message?: string;
}

/** Receives {@linkcode Progress}; must be quick. */
export type OnProgress = (progress: Progress) => void;
