import type { Tensor } from "../../engine/mod.ts";
import type { RandomSource } from "../numerics/random_source.ts";

/** One sample of a batch on the device. */
export interface Sample {
  /** Feature map `[1, C, ...]`. */
  image: Tensor;
  /** Flat label maps `[1, K, ...]`; −1 lies outside the image or its non-zero region. */
  labels: Tensor;
}

/** A random change of a sample. The name is that of the class in batchgeneratorsv2. */
export interface Transform {
  readonly name: string;
  apply(sample: Sample, random: RandomSource): Sample;
}

/** A transform and how often it is applied. */
export interface RandomTransform {
  probability: number;
  transform: Transform;
}

/** Lower and upper end of even draws. */
export type Range = readonly [number, number];

/**
 * Applies transforms one after another, each with its probability. Only work is enqueued; what is made
 * on the way is freed, the sample itself is left alone.
 */
export function augment(
  sample: Sample,
  transforms: readonly RandomTransform[],
  random: RandomSource,
): Sample {
  return sample.image.gpu.scope(() =>
    transforms.reduce(
      (current, { probability, transform }) =>
        random.uniform(0, 1) < probability ? transform.apply(current, random) : current,
      sample,
    )
  );
}

/** An even draw for each channel of an image with the given chance, `undefined` for the others. */
export function drawPerChannel<T>(
  { image }: Sample,
  chance: number,
  random: RandomSource,
  draw: () => T,
): (T | undefined)[] {
  const channels = Array.from({ length: image.shape[1] });
  const chosen = channels.map(() => random.uniform(0, 1) < chance);
  return chosen.map((is) => is ? draw() : undefined);
}

/**
 * A factor around 1: half of the draws lie between `low` and 1, half between 1 and `high`
 * (batchgeneratorsv2 `BGContrast`).
 */
export function drawFactor([low, high]: Range, random: RandomSource): number {
  return random.uniform(0, 1) < 0.5 && low < 1
    ? random.uniform(low, 1)
    : random.uniform(Math.max(low, 1), high);
}
