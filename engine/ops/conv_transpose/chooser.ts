import type { Gpu } from "../../gpu.ts";
import { chooseAlgorithm, TOY_MULTIPLY_ADDS } from "../convolution/choices.ts";
import type { ConvTransposeAlgorithm, ConvTransposeShape } from "./algorithm.ts";
import { direct } from "./direct.ts";
import { lanes } from "./lanes.ts";
import { tiled } from "./tiled.ts";

/** Every algorithm, most wanted first; the last one supports everything. */
export const CONV_TRANSPOSE_ALGORITHMS: readonly ConvTransposeAlgorithm[] = [lanes, tiled, direct];

/**
 * The algorithm for one shape: `preferred` if it can, else what was measured to be fastest (see
 * ../convolution/choices.ts), else `direct` for toy shapes, `lanes` on software adapters and `tiled`.
 *
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
  const wanted = able.find(({ name }) => name === preferred);
  if (wanted) return wanted;
  const { n, inChannels, outChannels, input: { d, h, w }, kernel } = shape;
  const outputs = n * outChannels * d * kernel[0] * h * kernel[1] * w * kernel[2];
  if (outputs * inChannels < TOY_MULTIPLY_ADDS) return direct;
  return chooseAlgorithm(gpu, {
    name: `transposed ${[n, inChannels, d, h, w].join("x")} -> ${outChannels}, kernel ${
      kernel.join("x")
    }`,
    algorithms: able,
    run: (algorithm) => runAllPasses(gpu, algorithm, shape),
  });
}

/** Enqueues the three passes on memory of their own; what they compute does not matter. */
function runAllPasses(
  gpu: Gpu,
  algorithm: ConvTransposeAlgorithm,
  shape: ConvTransposeShape,
): void {
  const { n, inChannels, outChannels, input: { d, h, w }, kernel } = shape;
  const x = gpu.empty([n, inChannels, d, h, w]);
  const y = gpu.empty([n, outChannels, d * kernel[0], h * kernel[1], w * kernel[2]]);
  const weight = gpu.empty([inChannels, outChannels, ...kernel], "flat");
  algorithm.forward(x, weight, undefined, y, shape);
  algorithm.gradInput(y, weight, x, shape);
  algorithm.gradWeight(x, y, weight, shape);
}
