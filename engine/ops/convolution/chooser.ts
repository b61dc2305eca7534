import type { Gpu } from "../../gpu.ts";
import type {
  ConvolutionAlgorithm,
  ConvolutionPass,
  ConvolutionShape,
  Extents,
} from "./algorithm.ts";
import { chooseAlgorithm, TOY_MULTIPLY_ADDS } from "./choices.ts";
import { direct } from "./direct.ts";
import { lanes } from "./lanes.ts";
import { tiled } from "./tiled.ts";

/** Every algorithm, most wanted first; the last one supports everything. */
export const CONVOLUTION_ALGORITHMS: readonly ConvolutionAlgorithm[] = [lanes, tiled, direct];

/**
 * The algorithm for one pass over one shape: `preferred` if it can, else what was measured to be fastest
 * (see choices.ts), else `direct` for toy shapes, `lanes` on software adapters and `tiled`.
 *
 * @throws {RangeError} if there is no algorithm of the preferred name.
 */
export function chooseConvolution(
  gpu: Gpu,
  shape: ConvolutionShape,
  pass: ConvolutionPass,
  preferred?: string,
): ConvolutionAlgorithm {
  const names = CONVOLUTION_ALGORITHMS.map(({ name }) => name);
  if (preferred !== undefined && !names.includes(preferred)) {
    throw new RangeError(
      `Cannot convolve with algorithm "${preferred}": there is none, use ${names.join(" or ")}`,
    );
  }
  const able = CONVOLUTION_ALGORITHMS.filter((algorithm) => algorithm.supports(gpu, shape, pass));
  const wanted = able.find(({ name }) => name === preferred);
  if (wanted) return wanted;
  if (multiplyAdds(shape) < TOY_MULTIPLY_ADDS) return direct;
  return chooseAlgorithm(gpu, {
    name: describe(shape, pass),
    algorithms: able,
    run: (algorithm) => run(gpu, algorithm, shape, pass),
  });
}

function multiplyAdds({ n, inChannels, outChannels, output, kernel }: ConvolutionShape): number {
  const taps = kernel[0] * kernel[1] * kernel[2];
  return n * inChannels * outChannels * taps * output.d * output.h * output.w;
}

/** `forward 2x32x40x56x40 -> 64, kernel 3x3x3, stride 1x1x1` */
function describe(shape: ConvolutionShape, pass: ConvolutionPass): string {
  const { n, inChannels, outChannels, input: { d, h, w }, kernel, stride } = shape;
  const input = [n, inChannels, d, h, w].join("x");
  return `${pass} ${input} -> ${outChannels}, kernel ${kernel.join("x")}, stride ${
    stride.join("x")
  }`;
}

/** Enqueues one pass on memory of its own; what it computes does not matter. */
function run(
  gpu: Gpu,
  algorithm: ConvolutionAlgorithm,
  shape: ConvolutionShape,
  pass: ConvolutionPass,
): void {
  const map = (channels: number, { d, h, w }: Extents) => gpu.empty([shape.n, channels, d, h, w]);
  const x = map(shape.inChannels, shape.input);
  const y = map(shape.outChannels, shape.output);
  const weight = gpu.empty([shape.outChannels, shape.weightInChannels, ...shape.kernel], "flat");
  if (pass === "forward") algorithm.forward(x, weight, undefined, y, shape, false);
  else if (pass === "gradInput") algorithm.gradInput(y, weight, x, shape);
  else algorithm.gradWeight(x, y, weight, shape);
}
