import { exampleConfiguration, forwardOperations } from "../../cli/training_cost.ts";
import { sizeOf, type Task } from "./task.ts";
import { type UnetExtents, unetParameters } from "./unet.ts";

/** Of the hippocampus plan, and a 2D level of it; channels stay. */
const LAYERS = [
  { n: 2, channels: 32, spatial: [40, 56, 40] },
  { n: 2, channels: 64, spatial: [20, 28, 20] },
  { n: 2, channels: 128, spatial: [10, 14, 10] },
  { n: 24, channels: 32, spatial: [56, 40] },
];

const TRANSPOSED = { n: 2, channels: [64, 32], spatial: [20, 28, 20] };

const SLIM_FEATURES = [8, 16, 32, 64];
const UNET_BATCH = 2;
const CLASSES = 3;

/** Everything that is compared, in the order of the table. */
export function peerTasks(): Task[] {
  return [...LAYERS.flatMap(convolutionPasses), convTranspose(), slimUnet()];
}

function convolutionPasses({ n, channels, spatial }: typeof LAYERS[number]): Task[] {
  const map = [n, channels, ...spatial];
  const weight = [channels, channels, ...spatial.map(() => 3)];
  const name = (pass: string) =>
    `conv${spatial.length}d_${pass}_${channels}_${channels}_${spatial.join("x")}`;
  const operations = 2 * sizeOf(weight) * n * sizeOf(spatial);
  return [
    {
      name: name("forward"),
      operation: "convolution",
      operations,
      inputs: { x: map, weight },
      output: map,
    },
    {
      name: name("grad_input"),
      operation: "gradInput",
      operations,
      inputs: { gradY: map, weight },
      output: map,
    },
    {
      name: name("grad_weight"),
      operation: "gradWeight",
      operations,
      inputs: { x: map, gradY: map },
      output: weight,
    },
  ];
}

function convTranspose(): Task {
  const { n, channels: [inChannels, outChannels], spatial } = TRANSPOSED;
  const weight = [inChannels, outChannels, ...spatial.map(() => 2)];
  return {
    name: `conv_transpose3d_forward_${inChannels}_${outChannels}_${spatial.join("x")}`,
    operation: "convTranspose",
    operations: 2 * sizeOf(weight) * n * sizeOf(spatial),
    inputs: { x: [n, inChannels, ...spatial], weight },
    output: [n, outChannels, ...spatial.map((extent) => 2 * extent)],
  };
}

function slimUnet(): Task {
  const { architecture, patch_size } = exampleConfiguration();
  const arch_kwargs = { ...architecture.arch_kwargs, features_per_stage: SLIM_FEATURES };
  const unet = arch_kwargs as UnetExtents;
  return {
    name: `unet_forward_slim_${patch_size.join("x")}`,
    operation: "unet",
    operations: UNET_BATCH *
      forwardOperations({ architecture: { ...architecture, arch_kwargs }, patch_size }),
    inputs: {
      x: [UNET_BATCH, 1, ...patch_size],
      ...unetParameters(unet, { inputChannels: 1, outputChannels: CLASSES }),
    },
    output: [UNET_BATCH, CLASSES, ...patch_size],
    unet,
  };
}
