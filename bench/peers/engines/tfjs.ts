import "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import process from "node:process";
import { type Engine, runTasks, type Work } from "../engine_process.ts";
import type { Task } from "../task.ts";
import { EPS, NEGATIVE_SLOPE, unetForward, type UnetOps } from "../unet.ts";

type Inputs = Record<string, Float32Array>;

/**
 * TensorFlow.js. Feature maps are channels-last there and kernels `[...kernel, in, out]`; gradients are
 * run as the kernels that its gradient functions call.
 */
const engine: Engine = {
  description: `tfjs ${tf.version_core}, ${await webgpu()}`,
  prepare(task, inputs) {
    tf.engine().startScope();
    return work(task.unet ? unet(task, inputs) : layer(task, inputs), task);
  },
};

async function webgpu(): Promise<string> {
  if (!await tf.setBackend("webgpu")) throw new Error("The WebGPU backend refuses the adapter");
  return tf.getBackend();
}

function layer({ operation, inputs: shapes, output }: Task, inputs: Inputs): () => tf.Tensor {
  const maps = tf.tidy(() =>
    Object.fromEntries(
      Object.entries(inputs).map(([name, data]) => {
        const tensor = tf.tensor(data, shapes[name]);
        return [name, name === "weight" ? kernelLast(tensor) : channelsLast(tensor)];
      }),
    )
  );
  const { x, gradY: dy, weight: filter } = maps;
  const rank = output.length - 2;
  const strides = Array(rank).fill(1);
  const attributes = { strides, pad: "same", dataFormat: "NHWC" };
  const run = (kernel: string, inputs: tf.NamedTensorMap, more: object) =>
    tf.engine().runKernel(
      kernel,
      inputs,
      { ...attributes, ...more } as tf.NamedAttrMap,
    ) as tf.Tensor;
  const [inputKernel, filterKernel] = rank === 3
    ? ["Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"]
    : ["Conv2DBackpropInput", "Conv2DBackpropFilter"];
  switch (operation) {
    case "convolution":
      return () => convolve(x, filter, strides);
    case "convTranspose":
      return () => transposed(x, filter, Array(rank).fill(2));
    case "gradInput":
      return () => run(inputKernel, { dy, filter }, { inputShape: dy.shape });
    default: {
      const [outChannels, inChannels, ...kernel] = output;
      const filterShape = [...kernel, inChannels, outChannels];
      return () => run(filterKernel, { x, dy }, { filterShape });
    }
  }
}

function unet({ unet, inputs: shapes }: Task, inputs: Inputs): () => tf.Tensor {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, data]) => {
      const tensor = tf.tensor(data, shapes[name]);
      if (name === "x") return [name, channelsLast(tensor)];
      return [name, shapes[name].length > 1 ? kernelLast(tensor) : tensor];
    }),
  );
  const ops: UnetOps<tf.Tensor> = {
    convolution: (x, name, stride) =>
      tf.add(convolve(x, tensors[`${name}.weight`], stride), tensors[`${name}.bias`]),
    convTranspose: (x, name, stride) =>
      tf.add(transposed(x, tensors[`${name}.weight`], stride), tensors[`${name}.bias`]),
    normRelu: (x, name) => {
      const { mean, variance } = tf.moments(x, x.shape.slice(1, -1).map((_, i) => i + 1), true);
      const scale = tf.mul(tf.rsqrt(tf.add(variance, EPS)), tensors[`${name}.weight`]);
      const normed = tf.add(tf.mul(tf.sub(x, mean), scale), tensors[`${name}.bias`]);
      return tf.leakyRelu(normed, NEGATIVE_SLOPE);
    },
    concatenate: (a, b) => tf.concat([a, b], -1),
    share: (x) => x,
  };
  return () => tf.tidy(() => unetForward(ops, tensors.x, unet!));
}

function convolve(x: tf.Tensor, filter: tf.Tensor, strides: number[]): tf.Tensor {
  if (x.rank === 4) {
    return tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides as [number, number], "same");
  }
  // "same" pads as PyTorch does only where the stride is 1.
  const isStrided = strides.some((step) => step !== 1);
  return tf.conv3d(
    (isStrided ? padByOne(x) : x) as tf.Tensor5D,
    filter as tf.Tensor5D,
    strides as [number, number, number],
    isStrided ? "valid" : "same",
  );
}

/** Along the three spatial axes. With four axes, as `tf.pad` gives wrong results for five. */
function padByOne(x: tf.Tensor): tf.Tensor {
  const [n, d, h, w, c] = x.shape;
  const rows = tf.reshape(x, [n, d, h, w * c]);
  const padded = tf.pad(rows, [[0, 0], [1, 1], [1, 1], [c, c]]);
  return tf.reshape(padded, [n, d + 2, h + 2, w + 2, c]);
}

function transposed(x: tf.Tensor, filter: tf.Tensor, stride: number[]): tf.Tensor {
  const [n, ...spatial] = x.shape.slice(0, -1);
  const shape = [n, ...spatial.map((extent, i) => extent * stride[i]), filter.shape.at(-2)!];
  return tf.conv3dTranspose(
    x as tf.Tensor5D,
    filter as tf.Tensor5D,
    shape as [number, number, number, number, number],
    stride as [number, number, number],
    "valid",
  );
}

function channelsLast(x: tf.Tensor): tf.Tensor {
  return tf.transpose(x, [0, ...x.shape.slice(2).map((_, i) => i + 2), 1]);
}

/** `[out, in, ...kernel]` to `[...kernel, in, out]`; transposed convolutions have `in` and `out` swapped. */
function kernelLast(weight: tf.Tensor): tf.Tensor {
  return tf.transpose(weight, [...weight.shape.slice(2).map((_, i) => i + 2), 1, 0]);
}

function work(compute: () => tf.Tensor, { operation, output: shape }: Task): Work {
  let output: tf.Tensor | undefined;
  return {
    enqueue() {
      output?.dispose();
      output = compute();
    },
    // It offers no waiting but for elements.
    async wait() {
      const element = tf.slice(output!, shape.map(() => 0), shape.map(() => 1));
      await element.data();
      element.dispose();
    },
    async read() {
      const axes = shape.slice(2).map((_, i) => i);
      const order = operation === "gradWeight"
        ? [axes.length + 1, axes.length, ...axes]
        : [0, axes.length + 1, ...axes.map((axis) => axis + 1)];
      return await tf.transpose(output!, order).data() as Float32Array;
    },
    dispose: () => tf.engine().endScope(),
  };
}

await runTasks(engine);
process.exit();
