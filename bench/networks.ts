import { exampleConfiguration, forwardOperations } from "../cli/training_cost.ts";
import {
  clipGradNorm,
  crossEntropyDice,
  type Gpu,
  Sgd,
  type Tensor,
  valueAndGrad,
} from "../engine/mod.ts";
import { trainingMemory } from "../nnunet/network/training_memory.ts";
import { Unet } from "../nnunet/network/unet.ts";
import type { Configuration } from "../nnunet/plans.ts";
import { deepSupervisionLoss } from "../nnunet/training/deep_supervision.ts";
import type { Case } from "./case.ts";

export const BATCH = 2;
export const CLASSES = 3;
const SLIM_FEATURES = [8, 16, 32, 64];

/** The standard plan of the hippocampus and a slim one, by what their names end in. */
export function configurations(): Record<string, Configuration> {
  const standard = exampleConfiguration();
  const { architecture } = standard;
  const arch_kwargs = { ...architecture.arch_kwargs, features_per_stage: SLIM_FEATURES };
  return {
    slim_3d: { ...standard, architecture: { ...architecture, arch_kwargs } },
    "3d": standard,
  };
}

/** Whole training steps and predictions. */
export function networkCases(): Case[] {
  return Object.entries(configurations()).flatMap(([name, configuration]) => [
    trainStep(`train_step_${name}`, configuration),
    predict(`predict_${name}`, configuration),
  ]);
}

/** Forward, deep supervision loss, backward, clipping and SGD, as the trainer does. */
function trainStep(name: string, configuration: Configuration): Case {
  return {
    name,
    operations: 3 * BATCH * forwardOperations(configuration),
    plannedBytes: trainingMemory(configuration, {
      batchSize: BATCH,
      inputChannels: 1,
      outputChannels: CLASSES,
    }),
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
