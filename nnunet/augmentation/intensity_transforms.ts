import {
  changeContrast,
  changeGamma,
  gaussianBlur,
  gaussianNoise,
  lowResolution,
  scaleChannels,
} from "../../engine/mod.ts";
import { roundHalfEven } from "../numerics/rounding.ts";
import type { RandomSource } from "../numerics/random_source.ts";
import {
  drawFactor,
  drawPerChannel,
  type Range,
  type Sample,
  type Transform,
} from "./transform.ts";

/** Adds noise of one standard deviation to all channels. */
export class GaussianNoiseTransform implements Transform {
  readonly name = "GaussianNoiseTransform";
  /** nnU-Net calls it variance and uses it as standard deviation. */
  readonly std: Range = [0, 0.1];

  apply({ image, labels }: Sample, random: RandomSource): Sample {
    const std = random.uniform(...this.std);
    return { image: gaussianNoise(image, { std, seed: random.integer(0, 2 ** 32) }), labels };
  }
}

/** Blurs some channels, by other widths along each axis. */
export class GaussianBlurTransform implements Transform {
  readonly name = "GaussianBlurTransform";
  readonly channelProbability = 0.5;
  readonly sigma: Range = [0.5, 1];

  apply(sample: Sample, random: RandomSource): Sample {
    const axes = sample.image.shape.slice(2);
    const sigmas = drawPerChannel(
      sample,
      this.channelProbability,
      random,
      () => axes.map(() => random.uniform(...this.sigma)),
    );
    if (sigmas.every((of) => of === undefined)) return sample;
    return { ...sample, image: gaussianBlur(sample.image, sigmas) };
  }
}

/** Multiplies each channel by a factor. */
export class MultiplicativeBrightnessTransform implements Transform {
  readonly name = "MultiplicativeBrightnessTransform";
  readonly factor: Range = [0.75, 1.25];

  apply(sample: Sample, random: RandomSource): Sample {
    const factors = drawFactors(sample, this.factor, random);
    return { ...sample, image: scaleChannels(sample.image, factors) };
  }
}

/** Stretches each channel about its mean, within its range. */
export class ContrastTransform implements Transform {
  readonly name = "ContrastTransform";
  readonly factor: Range = [0.75, 1.25];

  apply(sample: Sample, random: RandomSource): Sample {
    const factors = drawFactors(sample, this.factor, random);
    return { ...sample, image: changeContrast(sample.image, factors) };
  }
}

/** Takes detail from some channels. */
export class SimulateLowResolutionTransform implements Transform {
  readonly name = "SimulateLowResolutionTransform";
  readonly channelProbability = 0.5;
  readonly scale: Range = [0.5, 1];

  /** @param keepFirstAxis leaves the first axis in full (dummy 2D augmentation) */
  constructor(readonly keepFirstAxis: boolean) {}

  apply(sample: Sample, random: RandomSource): Sample {
    const axes = sample.image.shape.slice(2);
    const sizes = drawPerChannel(sample, this.channelProbability, random, () => {
      const scale = random.uniform(...this.scale);
      return lowResolutionSize(axes, axes.map((_, i) => this.keepFirstAxis && i === 0 ? 1 : scale));
    });
    if (sizes.every((of) => of === undefined)) return sample;
    return { ...sample, image: lowResolution(sample.image, sizes) };
  }
}

/** Extents that are left when an image is scaled down, one scale per axis. */
export function lowResolutionSize(size: readonly number[], scale: readonly number[]): number[] {
  return size.map((n, axis) => Math.max(roundHalfEven(n * scale[axis]), 1));
}

/** Raises each channel to a power; mean and standard deviation stay. */
export class GammaTransform implements Transform {
  readonly name = "GammaTransform";
  readonly gamma: Range = [0.7, 1.5];

  /** @param invert works on the negative image */
  constructor(readonly invert: boolean) {}

  apply(sample: Sample, random: RandomSource): Sample {
    const exponents = drawFactors(sample, this.gamma, random);
    return { ...sample, image: changeGamma(sample.image, exponents, { invert: this.invert }) };
  }
}

function drawFactors({ image }: Sample, range: Range, random: RandomSource): number[] {
  return Array.from({ length: image.shape[1] }, () => drawFactor(range, random));
}
