import assert from "node:assert/strict";
import type { Gpu, Tensor } from "../../../engine/mod.ts";
import { sizeOf } from "../../../engine/shape.ts";
import { DataError } from "../../../nnunet/errors.ts";
import { Unet, type UnetOptions } from "../../../nnunet/network/unet.ts";
import type { Architecture } from "../../../nnunet/plans.ts";
import { relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";

interface Sketch {
  features: number[];
  kernels: number[][];
  strides: number[][];
  /** Convolutions or residual blocks per encoder stage. */
  encoder: number[];
  /** Convolutions per decoder stage. */
  decoder: number[];
}

function architecture(
  name: "PlainConvUNet" | "ResidualEncoderUNet",
  { features, kernels, strides, encoder, decoder }: Sketch,
): Architecture {
  const axes = strides[0].length;
  return {
    network_class_name: `dynamic_network_architectures.architectures.unet.${name}`,
    arch_kwargs: {
      n_stages: features.length,
      features_per_stage: features,
      conv_op: `torch.nn.modules.conv.Conv${axes}d`,
      kernel_sizes: kernels,
      strides,
      [name === "PlainConvUNet" ? "n_conv_per_stage" : "n_blocks_per_stage"]: encoder,
      n_conv_per_stage_decoder: decoder,
      conv_bias: true,
      norm_op: `torch.nn.modules.instancenorm.InstanceNorm${axes}d`,
      norm_op_kwargs: { eps: 1e-5, affine: true },
      dropout_op: null,
      dropout_op_kwargs: null,
      nonlin: "torch.nn.LeakyReLU",
      nonlin_kwargs: { inplace: true },
    },
    _kw_requires_import: ["conv_op", "norm_op", "dropout_op", "nonlin"],
  };
}

/** Stages with isotropic kernels of 3 and strides of 2. */
function isotropic(axes: number, features: number[], encoder: number[], decoder: number[]): Sketch {
  return {
    features,
    kernels: features.map(() => Array(axes).fill(3)),
    strides: features.map((_, stage) => Array(axes).fill(stage ? 2 : 1)),
    encoder,
    decoder,
  };
}

const SMALL_PLAIN = architecture("PlainConvUNet", isotropic(2, [4, 8], [2, 2], [2]));
const SMALL_RESIDUAL = architecture("ResidualEncoderUNet", isotropic(2, [4, 8], [1, 2], [1]));

/** The network with the parameters of spec 04, check 4. */
function filled(gpu: Gpu, architecture: Architecture, options: UnetOptions): Unet {
  const network = new Unet(gpu, architecture, options);
  let g = 0;
  const arrays = [...network.parameters()].map(([name, { shape }]) => {
    const base = name.endsWith("norm.weight") ? 1 : 0;
    const data = Float32Array.from(
      { length: sizeOf(shape) },
      () => base + 0.2 * Math.sin(0.7 * g++ + 0.3),
    );
    return [name, { shape, data }] as const;
  });
  network.load(new Map(arrays));
  return network;
}

function cosines(gpu: Gpu, shape: number[]): Tensor {
  return gpu.featureMap(Array.from({ length: sizeOf(shape) }, (_, n) => Math.cos(0.5 * n)), shape);
}

interface Expected {
  voxel0: number[];
  sumOfMagnitudes: number;
}

async function assertOutput(logits: Tensor, { voxel0, sumOfMagnitudes }: Expected): Promise<void> {
  const values = await logits.read();
  const voxels = values.length / voxel0.length;
  assert(relativeError(voxel0.map((_, c) => values[c * voxels]), voxel0) < 1e-4);
  const sum = values.reduce((sum, value) => sum + Math.abs(value), 0);
  assert(Math.abs(sum / sumOfMagnitudes - 1) < 1e-4);
}

gpuTest("Unet computes what PyTorch does, plain and residual", async (gpu) => {
  const x = cosines(gpu, [1, 1, 8, 8]);
  for (
    const [architecture, expected] of [
      [SMALL_PLAIN, { voxel0: [0.1976591, 0.1708443, 0.0657753], sumOfMagnitudes: 34.66133 }],
      [SMALL_RESIDUAL, {
        voxel0: [0.4120694, 0.1176554, -0.1474199],
        sumOfMagnitudes: 30.66961,
      }],
    ] as const
  ) {
    const network = filled(gpu, architecture, { inputChannels: 1, outputChannels: 3 });
    const [logits] = network.forward(x);
    await assertOutput(logits, { ...expected, voxel0: [...expected.voxel0] });
    network.dispose();
    logits.dispose();
  }
  x.dispose();
});

gpuTest("Unet computes what PyTorch does with anisotropic kernels and strides", async (gpu) => {
  const plan = architecture("PlainConvUNet", {
    features: [4, 8, 8],
    kernels: [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    strides: [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    encoder: [2, 2, 2],
    decoder: [2, 2],
  });
  const network = filled(gpu, plan, { inputChannels: 2, outputChannels: 3 });
  const x = cosines(gpu, [1, 2, 4, 8, 8]);
  const outputs = network.forward(x, { deepSupervision: true });
  await assertOutput(outputs[0], {
    voxel0: [-0.0707427, 0.0874001, 0.1785316],
    sumOfMagnitudes: 198.1316,
  });
  await assertOutput(outputs[1], {
    voxel0: [0.8830266, 0.6401711, 0.1073171],
    sumOfMagnitudes: 55.74901,
  });
  network.dispose();
  for (const tensor of [x, ...outputs]) tensor.dispose();
});

gpuTest("Unet has as many parameters as nnU-Net's networks", (gpu) => {
  const counts: [Architecture, number][] = [
    [SMALL_PLAIN, 1719],
    [SMALL_RESIDUAL, 2967],
    [
      architecture(
        "PlainConvUNet",
        isotropic(3, [32, 64, 128, 256], [2, 2, 2, 2], [2, 2, 2]),
      ),
      5_603_177,
    ],
    [
      architecture(
        "PlainConvUNet",
        isotropic(2, [32, 64, 128, 256], [2, 2, 2, 2], [2, 2, 2]),
      ),
      1_928_489,
    ],
    [
      architecture(
        "ResidualEncoderUNet",
        isotropic(2, [32, 64, 128, 256], [1, 3, 4, 6], [1, 1, 1]),
      ),
      8_728_681,
    ],
  ];
  for (const [architecture, expected] of counts) {
    const network = new Unet(gpu, architecture, { inputChannels: 1, outputChannels: 3 });
    const sizes = [...network.parameters().values()].map(({ size }) => size);
    assert.equal(sizes.reduce((a, b) => a + b), expected);
    network.dispose();
  }
});

gpuTest("Unet starts with residual blocks that change nothing", async (gpu) => {
  const network = new Unet(gpu, SMALL_RESIDUAL, { inputChannels: 1, outputChannels: 3, seed: 3 });
  for (const [name, { data }] of await network.save()) {
    if (/conv2\.norm|bias$/.test(name)) assert(data.every((value) => value === 0), name);
    else if (name.endsWith("norm.weight")) assert(data.every((value) => value === 1), name);
    else assert(new Set(data).size > 1, name);
  }
  network.dispose();
});

gpuTest("deep supervision gives an output for each resolution but the lowest", (gpu) => {
  const plan = architecture("PlainConvUNet", isotropic(3, [4, 4, 4, 4], [1, 1, 1, 1], [1, 1, 1]));
  const network = new Unet(gpu, plan, { inputChannels: 1, outputChannels: 2 });
  gpu.scope(() => {
    const x = gpu.featureMap(new Float32Array(8 * 16 * 8), [1, 1, 8, 16, 8]);
    assert.deepEqual(
      network.forward(x, { deepSupervision: true }).map(({ shape }) => shape),
      [[1, 2, 8, 16, 8], [1, 2, 4, 8, 4], [1, 2, 2, 4, 2]],
    );
    assert.equal(network.forward(x).length, 1);
    assert.throws(
      () => network.forward(gpu.empty([1, 1, 8, 12, 8])),
      new RangeError(
        "Cannot run the network on x [1, 1, 8, 12, 8]: its spatial extents need to be " +
          "multiples of [8, 8, 8]",
      ),
    );
  });
  network.dispose();
});

gpuTest("load() takes what save() gave, and nothing else", async (gpu) => {
  const options = { inputChannels: 1, outputChannels: 3 };
  const [a, b] = [1, 2].map((seed) => new Unet(gpu, SMALL_PLAIN, { ...options, seed }));
  const saved = await a.save();
  b.load(saved);
  assert.deepEqual(await b.save(), saved);

  const name = "decoder.seg_layers.0.bias";
  const without = new Map(saved);
  without.delete(name);
  assert.throws(() => b.load(without), new RegExp(`"${name}" is missing`));
  assert.throws(
    () => b.load(new Map([...saved, [name, { shape: [4], data: new Float32Array(4) }]])),
    /is \[4\], the network has \[3\]/,
  );
  assert.throws(() => b.load(new Map([...saved, ["more", saved.get(name)!]])), DataError);
  assert.deepEqual(await b.save(), saved);
  for (const network of [a, b]) network.dispose();
});

gpuTest("Unet refuses architectures that nnU-Net's planners never make", (gpu) => {
  const build = (change: Partial<Architecture>, kwargs = {}) => () =>
    new Unet(gpu, {
      ...SMALL_PLAIN,
      arch_kwargs: { ...SMALL_PLAIN.arch_kwargs, ...kwargs },
      ...change,
    }, { inputChannels: 1, outputChannels: 2 });
  assert.throws(build({ network_class_name: "my.Net" }), /Cannot build network "my.Net"/);
  assert.throws(build({}, { norm_op: "torch.nn.BatchNorm2d" }), DataError);
  assert.throws(build({}, { nonlin: "torch.nn.ReLU" }), /"nonlin" torch.nn.ReLU is not supported/);
  assert.throws(build({}, { dropout_op: "torch.nn.Dropout2d" }), DataError);
});
