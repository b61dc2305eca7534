import assert from "node:assert/strict";
import { clipGradNorm, crossEntropyDice, gather, Sgd, valueAndGrad } from "../../engine/mod.ts";
import { Unet } from "../../nnunet/network/unet.ts";
import { deepSupervisionLoss } from "../../nnunet/training/deep_supervision.ts";
import { polyLearningRate, trainerSettings } from "../../nnunet/training/trainer_settings.ts";
import { relativeError } from "../support/arrays.ts";
import {
  goldenNames,
  goldenPath,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";
import { isBiasBeforeNorm, withPrefix } from "../support/golden_network.ts";
import { gpuTest } from "../support/gpu_test.ts";

const names = goldenNames("training").filter((name) => /^steps_.*\.json$/.test(name));
const limits = {
  "loss of a step": 1e-4,
  "loss of an epoch": 1e-4,
  "gradient norm, relative": 1e-4,
  "learning rate, relative": 1e-12,
  "final parameter, relative": 3e-4,
  "momentum, relative": 2e-3,
  "bias before a norm": 1e-5,
};
const worst = Object.fromEntries(Object.keys(limits).map((what) => [what, 0]));

for (const file of names) {
  const name = file.slice(0, -".json".length);
  gpuTest(`golden training: ${name}`, async (gpu) => {
    const info = readGoldenJson("training", file);
    const arrays = readSafetensors("training", `${name}.safetensors`);
    const network = new Unet(gpu, info, {
      inputChannels: info.input_channels,
      outputChannels: info.output_channels,
    });
    network.load(withPrefix(arrays, "initial/"));
    const parameters = [...network.parameters().values()];
    const { momentum, nesterov, weight_decay: weightDecay, initial_lr } = info.optimizer;
    const sgd = new Sgd(parameters, { momentum, nesterov, weightDecay });
    const settings = {
      ...trainerSettings("nnUNetTrainer"),
      epochs: info.num_epochs,
      initialLearningRate: initial_lr,
    };

    const losses: Promise<Float32Array>[] = [];
    const norms: Promise<Float32Array>[] = [];
    for (let step = 0; step < info.loss_per_step.length; step++) {
      const lr = polyLearningRate(Math.floor(step / info.iterations_per_epoch), settings);
      const expected = info.learning_rate_per_step[step];
      note("learning rate, relative", Math.abs(lr / expected - 1), `step ${step}`);
      gpu.scope(() => {
        const data = arrays.get(`batch/${step}/data`)!;
        const labels = arrays.get(`batch/${step}/target`)!;
        const x = gpu.featureMap(data.data, data.shape);
        const target = gpu.tensor(labels.data, labels.shape);
        const { value, grads } = valueAndGrad(
          parameters,
          () =>
            deepSupervisionLoss(
              network.forward(x, { deepSupervision: true }),
              target,
              (logits, labels) => crossEntropyDice(logits, labels, { batchDice: info.batch_dice }),
            ),
        );
        const gathered = gather(grads);
        losses.push(value.read());
        norms.push(clipGradNorm(gathered, info.clip_grad_norm).read());
        sgd.step(gathered, { lr });
      });
    }

    const steps = (await Promise.all(losses)).map(([loss]) => loss);
    steps.forEach((loss, i) =>
      note("loss of a step", Math.abs(loss - info.loss_per_step[i]), `step ${i}`)
    );
    info.train_loss_per_epoch.forEach((expected: number, epoch: number) => {
      const perEpoch = info.iterations_per_epoch;
      const own = steps.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
      const mean = own.reduce((a, b) => a + b) / perEpoch;
      note("loss of an epoch", Math.abs(mean - expected), `epoch ${epoch}`);
    });
    (await Promise.all(norms)).forEach(([norm], i) => {
      const expected = info.gradient_norm_before_clip_per_step[i];
      note("gradient norm, relative", Math.abs(norm / expected - 1), `step ${i}`);
    });
    const final = await network.save();
    const untouched: string[] = info.parameters_without_gradient;
    let i = 0;
    for (const [parameter, { data }] of final) {
      const expected = arrays.get(`final/${parameter}`)!.data as Float32Array;
      const buffer = sgd.momenta[i++];
      if (untouched.includes(parameter)) {
        assert.deepEqual(data, arrays.get(`initial/${parameter}`)!.data, parameter);
        assert.equal(buffer, undefined, parameter);
        continue;
      }
      const momentum = await buffer!.read();
      const expectedMomentum = arrays.get(`momentum/${parameter}`)!.data as Float32Array;
      if (isBiasBeforeNorm(parameter, info.parameter_names_in_order)) {
        note("bias before a norm", maxDifference(data, expected), parameter);
        note("bias before a norm", maxDifference(momentum, expectedMomentum), parameter);
      } else {
        note("final parameter, relative", relativeError(data, expected), parameter);
        note("momentum, relative", relativeError(momentum, expectedMomentum), parameter);
      }
    }
    sgd.dispose();
    network.dispose();
  });
}

Deno.test({
  name: names.length
    ? "golden training: worst deviations"
    : `golden training (skipped: no steps in ${goldenPath("training")}, set NNUNET_GOLDEN)`,
  ignore: names.length === 0,
  fn: () => {
    for (const [what, limit] of Object.entries(limits)) {
      reportWorst("training", what, worst[what], limit);
    }
  },
});

function note(what: keyof typeof limits, error: number, where: string): void {
  worst[what] = Math.max(worst[what], error);
  assert(error <= limits[what], `${what} of ${where} is off by ${error}, limit ${limits[what]}`);
}

function maxDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);
}
