import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  numpy as np,
  tree,
  vjp,
} from "@jax-js/jax";
import process from "node:process";
import config from "./deno.json" with { type: "json" };
import { type Engine, runTasks, type Work } from "../engine_process.ts";
import type { Task } from "../task.ts";
import { EPS, NEGATIVE_SLOPE, unetForward, type UnetOps } from "../unet.ts";

type Arrays = Record<string, np.Array>;

/**
 * jax-js: everything under `jit`. Layouts are PyTorch's; a call consumes its arguments unless they are
 * handed over as `.ref`.
 */
const engine: Engine = {
  description: `${config.imports["@jax-js/jax"].replace(/^npm:/, "")}, ${await webgpu()}`,
  prepare(task, inputs) {
    const arrays: Arrays = Object.fromEntries(
      Object.entries(inputs).map(([name, data]) => [
        name,
        np.array(data as Float32Array<ArrayBuffer>).reshape(task.inputs[name]),
      ]),
    );
    return work(jit(task.unet ? unet(task) : layer(task)), arrays);
  },
};

async function webgpu(): Promise<string> {
  if (!(await init("webgpu")).includes("webgpu")) throw new Error("No WebGPU device");
  defaultDevice("webgpu");
  return "webgpu";
}

function layer({ operation, output }: Task): (arrays: Arrays) => np.Array {
  const unit = output.slice(2).map(() => 1);
  switch (operation) {
    case "convolution":
      return ({ x, weight }) => convolve(x, weight, unit);
    case "convTranspose":
      return ({ x, weight }) => transposed(x, weight, unit.map(() => 2));
    case "gradInput":
      return ({ gradY, weight }) => gradient((x) => convolve(x, weight, unit), output, gradY);
    default:
      return ({ x, gradY }) => gradient((weight) => convolve(x, weight, unit), output, gradY);
  }
}

/** Of a linear function, so that it does not matter where it is taken. */
function gradient(f: (x: np.Array) => np.Array, shape: number[], gradY: np.Array): np.Array {
  const [y, backward] = vjp(f, [np.zeros(shape)]);
  y.dispose();
  const [gradX] = backward(gradY);
  backward.dispose();
  return gradX as np.Array;
}

function unet({ unet }: Task): (arrays: Arrays) => np.Array {
  return ({ x, ...parameters }) => {
    const perChannel = (name: string, like: np.Array) =>
      parameters[name].reshape([1, -1, ...like.shape.slice(2).map(() => 1)]);
    const biased = (y: np.Array, name: string) => y.ref.add(perChannel(`${name}.bias`, y));
    const ops: UnetOps<np.Array> = {
      convolution: (x, name, stride) =>
        biased(convolve(x, parameters[`${name}.weight`], stride), name),
      convTranspose: (x, name, stride) =>
        biased(transposed(x, parameters[`${name}.weight`], stride), name),
      normRelu: (x, name) => {
        const axis = x.shape.slice(2).map((_, i) => i + 2);
        const centered = x.ref.sub(np.mean(x, axis, { keepdims: true }));
        const variance = np.mean(np.square(centered.ref), axis, { keepdims: true });
        const scale = np.reciprocal(np.sqrt(variance.add(EPS)))
          .mul(perChannel(`${name}.weight`, centered));
        const y = centered.mul(scale).add(perChannel(`${name}.bias`, centered));
        return np.maximum(y.ref, y.mul(NEGATIVE_SLOPE));
      },
      concatenate: (a, b) => np.concatenate([a, b], 1),
      share: (x) => x.ref,
    };
    return unetForward(ops, x, unet!);
  };
}

function convolve(x: np.Array, weight: np.Array, stride: number[]): np.Array {
  const padding = weight.shape.slice(2).map((size): [number, number] => {
    const margin = (size - 1) / 2;
    return [margin, margin];
  });
  return lax.convGeneralDilated(x, weight, stride, padding);
}

function transposed(x: np.Array, weight: np.Array, stride: number[]): np.Array {
  return lax.convTranspose(x, weight, stride, "VALID", { transposeKernel: true });
}

function work(compute: (arrays: Arrays) => np.Array, arrays: Arrays): Work {
  let output: np.Array | undefined;
  return {
    enqueue() {
      output?.dispose();
      output = compute(tree.ref(arrays)) as np.Array;
    },
    async wait() {
      await blockUntilReady(output!);
    },
    read: async () => await output!.ref.data() as Float32Array,
    dispose() {
      output?.dispose();
      tree.dispose(arrays);
    },
  };
}

await runTasks(engine);
process.exit();
