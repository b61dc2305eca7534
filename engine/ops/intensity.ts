import source from "../../shaders/intensity.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { channelStatistics } from "./channel_statistics.ts";

const scale = new Kernel("intensity", source, "scale");
const contrast = new Kernel("intensity", source, "contrast");
const gamma = new Kernel("intensity", source, "gamma");
const matchStatistics = new Kernel("intensity", source, "match_statistics");

/** Multiplies each channel of a feature map by its factor. Not differentiated. */
export function scaleChannels(x: Tensor, factors: readonly number[]): Tensor {
  return x.gpu.scope(() => run(scale, x, { factors: perChannel(x, factors) }));
}

/**
 * Stretches each channel about its mean by its factor and cuts off what leaves the channel's former
 * range. Not differentiated.
 */
export function changeContrast(x: Tensor, factors: readonly number[]): Tensor {
  return x.gpu.scope(() =>
    run(contrast, x, { factors: perChannel(x, factors), statistics: channelStatistics(x) })
  );
}

/** Options for {@linkcode changeGamma}. */
export interface ChangeGammaOptions {
  /** Works on the negative image. */
  invert: boolean;
}

/**
 * Raises each channel, scaled to its range, to its power; mean and standard deviation of the channel
 * are restored afterwards. Not differentiated.
 */
export function changeGamma(
  x: Tensor,
  exponents: readonly number[],
  { invert }: ChangeGammaOptions,
): Tensor {
  const sign = invert ? -1 : 1;
  return x.gpu.scope(() => {
    const wanted = channelStatistics(x);
    const factors = perChannel(x, exponents);
    const changed = run(gamma, x, { factors, statistics: wanted }, sign);
    return run(matchStatistics, changed, { statistics: channelStatistics(changed), wanted }, sign);
  });
}

/** Runs a kernel that maps vectors to vectors. */
function run(kernel: Kernel, x: Tensor, buffers: Record<string, Tensor>, sign = 1): Tensor {
  const { gpu, shape } = x;
  const { blocks, voxels } = featureShape(shape);
  const vectors = x.byteLength / 16;
  const y = gpu.empty(shape);
  gpu.dispatch(kernel, {
    params: { vectors, voxels, blocks, sign },
    buffers: { ...buffers, x, y },
    threads: vectors,
  });
  return y;
}

/** One number a channel as kernels read them, four to a block. */
function perChannel(x: Tensor, values: readonly number[]): Tensor {
  const { c, blocks } = featureShape(x.shape);
  if (values.length !== c) {
    throw new TypeError(
      `Cannot change x ${formatShape(x.shape)} with ${values.length} factors: need one per channel`,
    );
  }
  const padded = new Float32Array(4 * blocks);
  padded.set(values);
  return x.gpu.tensor(padded, [padded.length]);
}
