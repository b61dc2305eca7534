import { type Gpu, instanceNorm } from "../engine/mod.ts";
import type { ConvolutionPass, ConvolutionShape } from "../engine/ops/convolution/algorithm.ts";
import { chooseConvolution } from "../engine/ops/convolution/chooser.ts";
import { chooseConvTranspose } from "../engine/ops/conv_transpose/chooser.ts";
import type { Case } from "./case.ts";

/** Passes with what they are called in names. */
export const PASSES: readonly [ConvolutionPass, string][] = [
  ["forward", "forward"],
  ["gradInput", "grad_input"],
  ["gradWeight", "grad_weight"],
];

/** A convolution or transposed convolution. */
export interface Layer {
  n: number;
  channels: [number, number];
  /** Extents of the input, two or three. */
  spatial: number[];
  kernel?: number[];
  stride?: number[];
}

/** The levels of the hippocampus plan, then what else networks are made of. */
const LAYERS: Layer[] = [
  { n: 2, channels: [32, 32], spatial: [40, 56, 40] },
  { n: 2, channels: [64, 64], spatial: [20, 28, 20] },
  { n: 2, channels: [128, 128], spatial: [10, 14, 10] },
  { n: 2, channels: [256, 256], spatial: [5, 7, 5] },
  { n: 2, channels: [32, 64], spatial: [40, 56, 40], stride: [2, 2, 2] },
  { n: 2, channels: [32, 32], spatial: [40, 56, 40], kernel: [1, 3, 3] },
  { n: 24, channels: [32, 32], spatial: [56, 40] },
  { n: 2, channels: [1, 32], spatial: [40, 56, 40] },
  { n: 2, channels: [32, 3], spatial: [40, 56, 40], kernel: [1, 1, 1] },
  { n: 2, channels: [8, 8], spatial: [40, 56, 40] },
  { n: 2, channels: [16, 16], spatial: [20, 28, 20] },
];

const TRANSPOSED_LAYERS: Layer[] = [
  { n: 2, channels: [64, 32], spatial: [20, 28, 20] },
  { n: 2, channels: [128, 64], spatial: [10, 14, 10] },
  { n: 2, channels: [256, 128], spatial: [5, 7, 5] },
];

const NORMED: Layer = { n: 2, channels: [32, 32], spatial: [40, 56, 40] };

/** Single layers: convolutions, transposed convolutions, norm with activation. */
export function convolutionCases(gpu: Gpu): Case[] {
  return [
    ...LAYERS.flatMap((layer) => PASSES.map(([pass, name]) => convolution(gpu, layer, pass, name))),
    ...TRANSPOSED_LAYERS.flatMap((layer) =>
      PASSES.map(([pass, name]) => convTranspose(gpu, layer, pass, name))
    ),
    instanceNormLeakyRelu(NORMED),
  ];
}

/** One pass of a convolution. */
export function convolution(
  gpu: Gpu,
  layer: Layer,
  pass: ConvolutionPass,
  passName: string,
): Case {
  const { n, channels: [inChannels, outChannels], spatial } = layer;
  const { kernel = spatial.map(() => 3), stride = spatial.map(() => 1) } = layer;
  const outSpatial = spatial.map((extent, axis) => Math.ceil(extent / stride[axis]));
  const shape: ConvolutionShape = {
    n,
    inChannels,
    inChannelOffset: 0,
    weightInChannels: inChannels,
    outChannels,
    input: extents(spatial),
    output: extents(outSpatial),
    kernel: three(kernel),
    stride: three(stride),
  };
  const algorithm = chooseConvolution(gpu, shape, pass);
  const special = [
    ...kernel.some((size) => size !== 3) ? [`kernel${kernel.join("x")}`] : [],
    ...stride.some((step) => step !== 1) ? [`stride${stride.join("x")}`] : [],
  ];
  return {
    name: [`conv${spatial.length}d`, passName, ...layer.channels, spatial.join("x"), ...special]
      .join("_"),
    operations: 2 * n * inChannels * outChannels * product(kernel) * product(outSpatial),
    algorithm: algorithm.name,
    async prepare(gpu, use) {
      const x = random(gpu, [n, inChannels, ...spatial]);
      const y = random(gpu, [n, outChannels, ...outSpatial]);
      const weight = gpu.tensor(noise(product(kernel) * inChannels * outChannels), [
        outChannels,
        inChannels,
        ...kernel,
      ]);
      const bias = gpu.zeros([outChannels]);
      const gradWeight = gpu.zeros(weight.shape);
      await use(
        {
          forward: () => algorithm.forward(x, weight, bias, y, shape, false),
          gradInput: () => algorithm.gradInput(y, weight, x, shape),
          gradWeight: () => algorithm.gradWeight(x, y, gradWeight, shape),
        }[pass],
      );
      for (const tensor of [x, y, weight, bias, gradWeight]) tensor.dispose();
    },
  };
}

/** One pass of a transposed convolution; its kernel is 2 along each axis if not given. */
export function convTranspose(
  gpu: Gpu,
  layer: Layer,
  pass: ConvolutionPass,
  passName: string,
): Case {
  const { n, channels: [inChannels, outChannels], spatial } = layer;
  const { kernel = spatial.map(() => 2) } = layer;
  const outSpatial = spatial.map((extent, axis) => extent * kernel[axis]);
  const shape = { n, inChannels, outChannels, input: extents(spatial), kernel: three(kernel) };
  const algorithm = chooseConvTranspose(gpu, shape);
  return {
    name: [`conv_transpose${spatial.length}d`, passName, ...layer.channels, spatial.join("x")]
      .join("_"),
    operations: 2 * n * inChannels * outChannels * product(outSpatial),
    algorithm: algorithm.name,
    async prepare(gpu, use) {
      const x = random(gpu, [n, inChannels, ...spatial]);
      const y = random(gpu, [n, outChannels, ...outSpatial]);
      const weightShape = [inChannels, outChannels, ...kernel];
      const weight = gpu.tensor(noise(product(weightShape)), weightShape);
      const bias = gpu.zeros([outChannels]);
      const gradWeight = gpu.zeros(weightShape);
      await use(
        {
          forward: () => algorithm.forward(x, weight, bias, y, shape),
          gradInput: () => algorithm.gradInput(y, weight, x, shape),
          gradWeight: () => algorithm.gradWeight(x, y, gradWeight, shape),
        }[pass],
      );
      for (const tensor of [x, y, weight, bias, gradWeight]) tensor.dispose();
    },
  };
}

function instanceNormLeakyRelu({ n, channels: [channels], spatial }: Layer): Case {
  return {
    name: "instance_norm_leaky_relu",
    async prepare(gpu, use) {
      const x = random(gpu, [n, channels, ...spatial]);
      const weight = gpu.tensor(noise(channels), [channels]);
      const bias = gpu.zeros([channels]);
      await use(() => void instanceNorm(x, weight, bias, { negativeSlope: 0.01 }));
      for (const tensor of [x, weight, bias]) tensor.dispose();
    },
  };
}

function random(gpu: Gpu, shape: number[]) {
  return gpu.featureMap(noise(product(shape)), shape);
}

function noise(length: number): Float32Array {
  return Float32Array.from({ length }, () => Math.random() - 0.5);
}

function extents(spatial: number[]): { d: number; h: number; w: number } {
  const [d, h, w] = three(spatial);
  return { d, h, w };
}

/** Two axes are three of which the first has one plane. */
function three(values: readonly number[]): [number, number, number] {
  const [first, second, third] = values.length === 2 ? [1, ...values] : values;
  return [first, second, third];
}

function product(values: readonly number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
