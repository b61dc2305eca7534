import { exampleConfiguration, forwardOperations } from "../cli/training_cost.ts";
import {
  clipGradNorm,
  crossEntropyDice,
  type Gpu,
  Sgd,
  type Tensor,
  valueAndGrad,
} from "../engine/mod.ts";
import { Unet } from "../nnunet/network/unet.ts";
import type { Configuration } from "../nnunet/plans.ts";
import { deepSupervisionLoss } from "../nnunet/training/deep_supervision.ts";
import type { Case } from "./case.ts";

const BATCH = 2;
const CLASSES = 3;
const SLIM_FEATURES = [8, 16, 32, 64];

/** Whole training steps and predictions, of the standard plan of the hippocampus and of a slim one. */
export function networkCases(): Case[] {
  const standard = exampleConfiguration();
  const { architecture } = standard;
  const slim = {
    ...standard,
    architecture: {
      ...architecture,
      arch_kwargs: { ...architecture.arch_kwargs, features_per_stage: SLIM_FEATURES },
    },
  };
  return [
    trainStep("train_step_slim_3d", slim),
    predict("predict_slim_3d", slim),
    trainStep("train_step_3d", standard),
    predict("predict_3d", standard),
  ];
}

/** Forward, deep supervision loss, backward, clipping and SGD, as the trainer does. */
function trainStep(name: string, configuration: Configuration): Case {
  return {
    name,
    operations: 3 * BATCH * forwardOperations(configuration),
    async prepare(gpu, use) {
      const network = makeNetwork(gpu, configuration);
      const parameters = [...network.parameters().values()];
      const optimizer = new Sgd(parameters, { momentum: 0.99, nesterov: true, weightDecay: 3e-5 });
      const x = randomPatch(gpu, BATCH, configuration);
      const target = randomLabels(gpu, BATCH, configuration);
      await use(() => {
        const { grads } = valueAndGrad(parameters, () =>
          deepSupervisionLoss(
            network.forward(x, { deepSupervision: true }),
            target,
            (logits, labels) => crossEntropyDice(logits, labels, { batchDice: true }),
          ));
        clipGradNorm(grads.filter((grad) => grad !== undefined), 12);
        optimizer.step(grads, { lr: 0.01 });
      });
      for (const owner of [network, optimizer, x, target]) owner.dispose();
    },
  };
}

/** Logits of one patch. */
function predict(name: string, configuration: Configuration): Case {
  return {
    name,
    operations: forwardOperations(configuration),
    async prepare(gpu, use) {
      const network = makeNetwork(gpu, configuration);
      const x = randomPatch(gpu, 1, configuration);
      await use(() => void network.forward(x));
      for (const owner of [network, x]) owner.dispose();
    },
  };
}

function makeNetwork(gpu: Gpu, { architecture }: Configuration): Unet {
  return new Unet(gpu, architecture, { inputChannels: 1, outputChannels: CLASSES });
}

function randomPatch(gpu: Gpu, batch: number, { patch_size }: Configuration): Tensor {
  const shape = [batch, 1, ...patch_size];
  return gpu.featureMap(Float32Array.from({ length: sizeOf(shape) }, () => Math.random()), shape);
}

function randomLabels(gpu: Gpu, batch: number, { patch_size }: Configuration): Tensor {
  const shape = [batch, 1, ...patch_size];
  const labels = { length: sizeOf(shape) };
  return gpu.tensor(Float32Array.from(labels, () => Math.floor(CLASSES * Math.random())), shape);
}

function sizeOf(shape: number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
