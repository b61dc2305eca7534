import type { Gpu } from "../../gpu.ts";
import type { ConvolutionAlgorithm, ConvolutionPass, ConvolutionShape } from "./algorithm.ts";
import { direct } from "./direct.ts";
import { lanes } from "./lanes.ts";

/** Every algorithm, most wanted first; the last one supports everything. */
export const CONVOLUTION_ALGORITHMS: readonly ConvolutionAlgorithm[] = [lanes, direct];

/**
 * The algorithm for one pass over one shape.
 *
 * @param name an algorithm's name, to force it; otherwise the first that supports the shape is taken
 * @throws {RangeError} if the named algorithm is unknown or cannot do this.
 */
export function chooseConvolution(
  gpu: Gpu,
  shape: ConvolutionShape,
  pass: ConvolutionPass,
  name?: string,
): ConvolutionAlgorithm {
  const found = CONVOLUTION_ALGORITHMS.find((algorithm) =>
    (name === undefined || algorithm.name === name) && algorithm.supports(gpu, shape, pass)
  );
  if (!found) {
    throw new RangeError(
      `Cannot convolve with algorithm "${name}": it is unknown or has no ${pass} for ` +
        JSON.stringify(shape),
    );
  }
  return found;
}
