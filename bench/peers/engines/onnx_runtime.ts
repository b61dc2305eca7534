import process from "node:process";
import { availableParallelism } from "node:os";
import type { InferenceSession } from "onnxruntime-web";
import { type Engine, runTasks, type Work } from "../engine_process.ts";
import { encodeOnnx, type OnnxGraph, type OnnxNode } from "./onnx_model.ts";
import type { Task } from "../task.ts";
import { EPS, NEGATIVE_SLOPE, unetForward } from "../unet.ts";

/** Where it computes: `webgpu`, or `wasm`, that is on the processor. */
const provider = process.argv[2] as "webgpu" | "wasm";

// The build that runs threads outside of browsers has no WebGPU.
const { InferenceSession: { create }, Tensor, env } = provider === "webgpu"
  ? await import("onnxruntime-web/webgpu")
  : await import("onnxruntime-web");
const threads = provider === "webgpu" ? 1 : availableParallelism();
env.wasm.numThreads = threads;
env.webgpu.powerPreference = "high-performance";

/** ONNX Runtime for the web, with models that are made here. */
const engine: Engine = {
  description: `onnxruntime-web ${env.versions.web}, ${provider}` +
    (provider === "wasm" ? ` with ${threads} threads` : ""),
  async prepare(task, inputs) {
    if (/^grad/.test(task.operation)) throw new Error("inference only: it has no gradients");
    const session = await create(encodeOnnx(graph(task, inputs)), {
      executionProviders: [provider],
      preferredOutputLocation: provider === "webgpu" ? "gpu-buffer" : "cpu",
      logSeverityLevel: 3,
      // Without it what WebGPU cannot do would silently be done by the processor.
      extra: { session: { disable_cpu_ep_fallback: provider === "webgpu" ? "1" : "0" } },
    });
    return await work(session, inputs.x, task.inputs.x);
  },
};

const REFUSAL = /while running (\w+) node.* Status Message: (.*)/;

function graph(
  { operation, unet, inputs, output }: Task,
  data: Record<string, Float32Array>,
): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const add = (
    operator: string,
    inputs: string[],
    attributes: OnnxNode["attributes"],
  ): string => {
    const output = `${operator} ${nodes.length}`;
    nodes.push({ operator, inputs, output, attributes });
    return output;
  };
  const convolution = (inputNames: string[], stride: number[]) => {
    const kernel = inputs[inputNames[1]].slice(2);
    const pads = [...kernel, ...kernel].map((size) => (size - 1) / 2);
    return add("Conv", inputNames, { kernel_shape: kernel, strides: stride, pads });
  };
  const convTranspose = (inputNames: string[], stride: number[]) =>
    add("ConvTranspose", inputNames, { kernel_shape: stride, strides: stride });

  if (unet) {
    const withBias = (x: string, name: string) => [x, `${name}.weight`, `${name}.bias`];
    unetForward<string>(
      {
        convolution: (x, name, stride) => convolution(withBias(x, name), stride),
        convTranspose: (x, name, stride) => convTranspose(withBias(x, name), stride),
        normRelu: (x, name) => {
          const y = add("InstanceNormalization", withBias(x, name), { epsilon: { float: EPS } });
          return add("LeakyRelu", [y], { alpha: { float: NEGATIVE_SLOPE } });
        },
        concatenate: (a, b) => add("Concat", [a, b], { axis: 1 }),
        share: (x) => x,
      },
      "x",
      unet,
    );
  } else {
    const rank = output.length - 2;
    if (operation === "convolution") convolution(["x", "weight"], Array(rank).fill(1));
    else convTranspose(["x", "weight"], Array(rank).fill(2));
  }
  const weights = Object.entries(inputs).filter(([name]) => name !== "x");
  return {
    input: { name: "x", shape: inputs.x },
    output: { name: nodes.at(-1)!.output, shape: output },
    weights: weights.map(([name, shape]) => ({ name, shape, data: data[name] })),
    nodes,
  };
}

async function work(session: InferenceSession, x: Float32Array, shape: number[]): Promise<Work> {
  const device = provider === "webgpu" ? await env.webgpu.device as GPUDevice : undefined;
  const input = device
    ? Tensor.fromGpuBuffer(upload(device, x), { dataType: "float32", dims: shape })
    : new Tensor("float32", x, shape);
  let output: InferenceSession.OnnxValueMapType[string] | undefined;
  return {
    async enqueue() {
      output?.dispose();
      try {
        output = Object.values(await session.run({ x: input }))[0];
      } catch (error) {
        const [, node, why] = REFUSAL.exec((error as Error).message) ?? [];
        throw node ? new Error(`refuses ${node}: ${why}`) : error;
      }
    },
    async wait() {
      await device?.queue.onSubmittedWorkDone();
    },
    read: async () => await output!.getData() as Float32Array,
    async dispose() {
      output?.dispose();
      input.dispose();
      await session.release();
    },
  };
}

function upload(device: GPUDevice, data: Float32Array): GPUBuffer {
  const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
  const buffer = device.createBuffer({
    size: data.byteLength,
    usage: STORAGE | COPY_SRC | COPY_DST,
  });
  device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
  return buffer;
}

await runTasks(engine);
process.exit();
