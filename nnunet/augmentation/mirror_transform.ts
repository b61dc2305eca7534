import { mirror } from "../../engine/mod.ts";
import type { RandomSource } from "../numerics/random_source.ts";
import type { Sample, Transform } from "./transform.ts";

/** Reverses each allowed axis half of the time. */
export class MirrorTransform implements Transform {
  readonly name = "MirrorTransform";

  /** @param axes that may be reversed, counted from the first spatial one */
  constructor(readonly axes: readonly number[]) {}

  apply(sample: Sample, random: RandomSource): Sample {
    const axes = this.axes.filter(() => random.uniform(0, 1) < 0.5);
    if (!axes.length) return sample;
    return { image: mirror(sample.image, axes), labels: mirror(sample.labels, axes) };
  }
}
