import assert from "node:assert/strict";
import { crossEntropyDice, Sgd, valueAndGrad } from "../../../engine/mod.ts";
import { trainingMemory } from "../../../nnunet/network/training_memory.ts";
import { Unet } from "../../../nnunet/network/unet.ts";
import type { Configuration } from "../../../nnunet/plans.ts";
import { deepSupervisionLoss } from "../../../nnunet/training/deep_supervision.ts";
import { gpuTest } from "../../support/gpu_test.ts";

const SIZES = { batchSize: 2, inputChannels: 1, outputChannels: 3 };

const configuration = {
  patch_size: [8, 64, 64],
  architecture: {
    network_class_name: "PlainConvUNet",
    arch_kwargs: {
      n_stages: 2,
      features_per_stage: [8, 8],
      kernel_sizes: [[1, 3, 3], [1, 3, 3]],
      strides: [[1, 1, 1], [1, 2, 2]],
      n_conv_per_stage: [2, 2],
      n_conv_per_stage_decoder: [2],
      conv_bias: true,
      norm_op: "torch.nn.modules.instancenorm.InstanceNorm3d",
      norm_op_kwargs: { eps: 1e-5, affine: true },
      nonlin: "torch.nn.LeakyReLU",
      nonlin_kwargs: { inplace: true },
    },
  },
} as unknown as Configuration;

gpuTest("a training step takes no more memory than the plan says", async (gpu) => {
  await gpu.trim();
  const network = new Unet(gpu, configuration.architecture, SIZES);
  const parameters = [...network.parameters().values()];
  const optimizer = new Sgd(parameters, { momentum: 0.99, nesterov: true, weightDecay: 3e-5 });
  const shape = [SIZES.batchSize, 1, ...configuration.patch_size];
  const x = gpu.scope(() => gpu.zeros(shape, "packed"));
  const target = gpu.scope(() => gpu.zeros(shape));
  gpu.scope(() => {
    const { grads } = valueAndGrad(parameters, () =>
      deepSupervisionLoss(
        network.forward(x, { deepSupervision: true }),
        target,
        (logits, labels) => crossEntropyDice(logits, labels, { batchDice: true }),
      ));
    optimizer.step(grads, { lr: 0.01 });
  });
  const { peakBytes } = gpu.memory();
  for (const owner of [network, optimizer, x, target]) owner.dispose();
  const planned = trainingMemory(configuration, SIZES);
  assert(peakBytes <= planned, `${peakBytes} bytes at most, ${planned} planned`);
  // Or else the plan says nothing.
  assert(peakBytes >= planned / 2, `${peakBytes} bytes at most, ${planned} planned`);
});
