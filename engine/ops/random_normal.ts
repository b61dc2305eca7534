import library from "../../shaders/lib/random.wgsl" with { type: "text" };
import source from "../../shaders/random_normal.wgsl" with { type: "text" };
import type { Gpu } from "../gpu.ts";
import { Kernel } from "../kernel.ts";
import type { Shape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const normal = new Kernel("random_normal", [library, source], "forward");

/** Options for {@linkcode randomNormal}. */
export interface RandomNormalOptions {
  /** @default {0} */
  mean?: number;
  /** Standard deviation. @default {1} */
  std?: number;
  /** A whole number from 0 to 2^53; the same numbers follow from the same seed on every device. */
  seed: number;
  /** Numbers of different streams of one seed are independent. @default {0} */
  stream?: number;
}

/** A flat tensor of normally distributed numbers. */
export function randomNormal(gpu: Gpu, shape: Shape, options: RandomNormalOptions): Tensor {
  const y = gpu.empty(shape, "flat");
  fillNormal(y, options);
  return y;
}

/** Overwrites a flat tensor with normally distributed numbers. */
export function fillNormal(
  y: Tensor,
  { mean = 0, std = 1, seed, stream = 0 }: RandomNormalOptions,
): void {
  y.gpu.dispatch(normal, {
    params: { size: y.size, ...seedParams(seed), stream, mean, deviation: std },
    buffers: { y },
    threads: Math.ceil(y.size / 4),
  });
}

/**
 * A seed as the two members `seed_low` and `seed_high` that kernels with `lib/random.wgsl` take as key.
 *
 * @throws {RangeError} if it is no whole number from 0 to 2^53.
 */
export function seedParams(seed: number): { seed_low: number; seed_high: number } {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot use seed ${seed}: need a whole number from 0 to 2^53`);
  }
  return { seed_low: seed % 2 ** 32, seed_high: Math.floor(seed / 2 ** 32) };
}
