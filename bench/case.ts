import type { Gpu } from "../engine/mod.ts";

/** One line of the table. */
export interface Case {
  /** Such as `conv3d_forward_32_32_40x56x40`. */
  name: string;
  /** Floating-point operations, counted as direct convolution; undefined where memory sets the pace. */
  operations?: number;
  /** What the chooser chose. */
  algorithm?: string;
  /** Memory that the work may take at most. */
  plannedBytes?: number;
  /** Makes inputs and calls `use` with what records the work once. */
  prepare(gpu: Gpu, use: (record: () => void) => Promise<void>): Promise<void>;
}

/** How much of the time of one case is not that of another that is a part of it. */
export interface Remainder {
  name: string;
  whole: Case;
  part: Case;
}
