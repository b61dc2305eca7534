import type { Gpu } from "../../gpu.ts";
import type { ConvolutionAlgorithm, ConvolutionPass, ConvolutionShape } from "./algorithm.ts";
import { direct } from "./direct.ts";
import { lanes } from "./lanes.ts";

/** Every algorithm, most wanted first; the last one supports everything. */
export const CONVOLUTION_ALGORITHMS: readonly ConvolutionAlgorithm[] = [lanes, direct];

/**
 * The algorithm for one pass over one shape.
 *
 * @param preferred name of the algorithm to use if it can; otherwise the first that can is taken
 * @throws {RangeError} if there is no algorithm of the preferred name.
 */
export function chooseConvolution(
  gpu: Gpu,
  shape: ConvolutionShape,
  pass: ConvolutionPass,
  preferred?: string,
): ConvolutionAlgorithm {
  const able = CONVOLUTION_ALGORITHMS.filter((algorithm) => algorithm.supports(gpu, shape, pass));
  if (preferred === undefined) return able[0];
  const names = CONVOLUTION_ALGORITHMS.map(({ name }) => name);
  if (!names.includes(preferred)) {
    throw new RangeError(
      `Cannot convolve with algorithm "${preferred}": there is none, use ${names.join(" or ")}`,
    );
  }
  return able.find(({ name }) => name === preferred) ?? able[0];
}
