import type { Gpu } from "../../gpu.ts";
import type { ConvTransposeAlgorithm, ConvTransposeShape } from "./algorithm.ts";
import { direct } from "./direct.ts";
import { lanes } from "./lanes.ts";

/** Every algorithm, most wanted first; the last one supports everything. */
export const CONV_TRANSPOSE_ALGORITHMS: readonly ConvTransposeAlgorithm[] = [lanes, direct];

/**
 * The algorithm for one shape.
 *
 * @param preferred name of the algorithm to use if it can; otherwise the first that can is taken
 * @throws {RangeError} if there is no algorithm of the preferred name.
 */
export function chooseConvTranspose(
  gpu: Gpu,
  shape: ConvTransposeShape,
  preferred?: string,
): ConvTransposeAlgorithm {
  const names = CONV_TRANSPOSE_ALGORITHMS.map(({ name }) => name);
  if (preferred !== undefined && !names.includes(preferred)) {
    throw new RangeError(
      `Cannot convolve with transposed weight by algorithm "${preferred}": there is none, ` +
        `use ${names.join(" or ")}`,
    );
  }
  const able = CONV_TRANSPOSE_ALGORITHMS.filter((algorithm) => algorithm.supports(gpu, shape));
  return able.find(({ name }) => name === preferred) ?? able[0];
}
