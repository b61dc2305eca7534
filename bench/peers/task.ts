import type { UnetExtents } from "./unet.ts";

/** One computation that every engine is asked for. Arrays are float32, C order, PyTorch's layouts. */
export interface Task {
  /** Such as `conv3d_forward_32_32_40x56x40`. */
  name: string;
  operation: Operation;
  /** Floating-point operations, counted as direct convolution. */
  operations: number;
  /** Shapes by name: `x`, `weight`, `gradY`, or `x` and the parameters of a network. */
  inputs: Record<string, number[]>;
  output: number[];
  /** Of a network. */
  unet?: UnetExtents;
}

/**
 * - `convolution`: `x`, `weight` to `y`; kernel 3, stride 1, padding 1, no bias
 * - `gradInput`: `gradY`, `weight` to the gradient of `x`
 * - `gradWeight`: `x`, `gradY` to the gradient of `weight`
 * - `convTranspose`: `x`, `weight` to `y`; kernel 2, stride 2, no bias
 * - `unet`: `x` and parameters to logits
 */
export type Operation = "convolution" | "gradInput" | "gradWeight" | "convTranspose" | "unet";

/** What an engine's process says about a task, as a line of JSON. */
export interface Outcome {
  task: string;
  /** Wall time of one run. */
  ms?: number;
  /** Processor time of one run, all threads of the process. */
  cpuMs?: number;
  /** Largest difference to our output, relative to its largest element. */
  deviation?: number;
  /** Why there is no time. */
  reason?: string;
  /** Wall time after which it was given up. */
  givenUpMs?: number;
}

/** File of an array of a task; our output is `output`. */
export function arrayFile(task: Task, array: string): string {
  return `${task.name}.${array}.f32`;
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
