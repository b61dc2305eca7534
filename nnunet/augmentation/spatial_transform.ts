import { transformImage, transformLabels } from "../../engine/mod.ts";
import type { RandomSource } from "../numerics/random_source.ts";
import { affineTransform } from "./affine.ts";
import type { Range, Sample, Transform } from "./transform.ts";

/** Options for {@linkcode SpatialTransform}. */
export interface SpatialTransformOptions {
  /** Extents of the result, two or three. */
  patchSize: readonly number[];
  /** Rotations are drawn from −this to this, in radians. */
  maxRotation: number;
  /** Turns and scales 3D patches slice by slice (dummy 2D augmentation). */
  dummy2d: boolean;
}

/** Crops to the patch size; some samples are turned, some scaled on the way (spec 05, section 6.1). */
export class SpatialTransform implements Transform {
  readonly name = "SpatialTransform";
  readonly rotationProbability = 0.2;
  readonly scalingProbability = 0.2;
  readonly scaling: Range = [0.7, 1.4];
  readonly patchSize: readonly number[];
  readonly maxRotation: number;
  readonly dummy2d: boolean;

  constructor({ patchSize, maxRotation, dummy2d }: SpatialTransformOptions) {
    this.patchSize = patchSize;
    this.maxRotation = maxRotation;
    this.dummy2d = dummy2d;
  }

  apply({ image, labels }: Sample, random: RandomSource): Sample {
    const turned = random.uniform(0, 1) < this.rotationProbability;
    const scaled = random.uniform(0, 1) < this.scalingProbability;
    const slices = this.dummy2d || this.patchSize.length === 2;
    const draw = {
      angles: turned
        ? Array.from(
          { length: slices ? 1 : 3 },
          () => random.uniform(-this.maxRotation, this.maxRotation),
        )
        : undefined,
      scale: scaled ? random.uniform(...this.scaling) : undefined,
    };
    const transform = affineTransform(image.shape.slice(2), this.patchSize, draw, slices);
    return { image: transformImage(image, transform), labels: transformLabels(labels, transform) };
  }
}
