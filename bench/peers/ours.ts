import { convolution, convTranspose, type Gpu, openGpu, type Tensor } from "../../engine/mod.ts";
import type { ConvolutionShape } from "../../engine/ops/convolution/algorithm.ts";
import { chooseConvolution } from "../../engine/ops/convolution/chooser.ts";
import { Unet } from "../../nnunet/network/unet.ts";
import type { ArchitectureKwargs } from "../../nnunet/plans.ts";
import { type Engine, runTasks, type Work } from "./engine_process.ts";
import type { Task } from "./task.ts";

type Inputs = Record<string, Float32Array>;

/** The engine of this repository, with the algorithms it takes by itself. */
function ours(gpu: Gpu): Engine {
  const { description, architecture } = gpu.info;
  return {
    description: `this repository, WebGPU on ${description || architecture}`,
    prepare: (task, inputs) => task.unet ? unet(gpu, task, inputs) : layer(gpu, task, inputs),
  };
}

function layer(gpu: Gpu, { operation, inputs: shapes, output }: Task, inputs: Inputs): Work {
  const { x, gradY, weight } = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => [
      name,
      name === "weight" ? gpu.tensor(data, shapes[name]) : gpu.featureMap(data, shapes[name]),
    ]),
  );
  const compute = {
    convolution: () => convolution(x, weight),
    convTranspose: () => convTranspose(x, weight),
    gradInput: () => {
      const gradX = gpu.empty(output);
      const shape = unitStride(gradX.shape, weight.shape);
      chooseConvolution(gpu, shape, "gradInput").gradInput(
        gradY,
        weight,
        gradX,
        shape,
      );
      return gradX;
    },
    gradWeight: () => {
      const gradWeight = gpu.empty(output, "flat");
      const shape = unitStride(x.shape, output);
      chooseConvolution(gpu, shape, "gradWeight").gradWeight(x, gradY, gradWeight, shape);
      return gradWeight;
    },
  }[operation as Exclude<Task["operation"], "unet">];
  return work(gpu, compute, [x, gradY, weight]);
}

function unet(gpu: Gpu, task: Task, { x, ...parameters }: Inputs): Work {
  const network = new Unet(gpu, {
    network_class_name: "PlainConvUNet",
    arch_kwargs: task.unet as ArchitectureKwargs,
    _kw_requires_import: [],
  }, { inputChannels: task.inputs.x[1], outputChannels: task.output[1] });
  network.load(
    new Map(
      Object.entries(parameters).map((
        [name, data],
      ) => [name, { shape: task.inputs[name], data }]),
    ),
  );
  const image = gpu.featureMap(x, task.inputs.x);
  return work(gpu, () => network.forward(image)[0], [network, image]);
}

function work(
  gpu: Gpu,
  compute: () => Tensor,
  owners: ({ dispose(): void } | undefined)[],
): Work {
  let output: Tensor | undefined;
  return {
    enqueue() {
      output?.dispose();
      output = gpu.scope(compute);
    },
    wait: () => gpu.finish(),
    read: () => output!.read(),
    dispose() {
      for (const owner of [output, ...owners]) owner?.dispose();
    },
  };
}

/** Convolution of `x` with a kernel of 3 along each axis and stride 1. */
function unitStride(x: readonly number[], weight: readonly number[]): ConvolutionShape {
  const [n, inChannels, ...spatial] = x;
  const [d, h, w] = spatial.length === 2 ? [1, ...spatial] : spatial;
  return {
    n,
    inChannels,
    inChannelOffset: 0,
    weightInChannels: inChannels,
    outChannels: weight[0],
    input: { d, h, w },
    output: { d, h, w },
    kernel: spatial.length === 2 ? [1, 3, 3] : [3, 3, 3],
    stride: [1, 1, 1],
  };
}

const gpu = await openGpu();
await runTasks(ours(gpu), { isOurs: true });
gpu.destroy();
