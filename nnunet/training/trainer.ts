import {
  AdamW,
  clipGradNorm,
  concatenate,
  type ConvolutionWork,
  crossEntropyDice,
  gather,
  type Gpu,
  recordConvolutions,
  segmentationCounts,
  Sgd,
  type Tensor,
  valueAndGrad,
  type ValueAndGrads,
} from "../../engine/mod.ts";
import type { Checkpoint, NamedArray } from "../checkpoint.ts";
import { DataError } from "../errors.ts";
import type { LabelManager } from "../labels.ts";
import { assertFits } from "../network/device_fit.ts";
import { Unet } from "../network/unet.ts";
import type { Configuration } from "../plans.ts";
import { deepSupervisionLoss } from "./deep_supervision.ts";
import { polyLearningRate, type TrainerSettings } from "./trainer_settings.ts";
import { emptyLog, logUpTo, movingAverage, pseudoDice, type TrainingLog } from "./training_log.ts";
import type { IterationProgress } from "./training_run.ts";

/** Momentum of SGD, and the norm above which gradients are scaled down (spec 05/1). */
const MOMENTUM = 0.99;
const MAX_GRADIENT_NORM = 12;
/** How often losses are read back: in Deno a read blocks until the device is idle. */
const READ_EVERY_MS = 1500;

/** Images and labels of one iteration. */
export interface Batch {
  /** Feature map `[N, C, ...patch]`. */
  data: Tensor;
  /** Labels, flat `[N, 1, ...patch]`. */
  target: Tensor;
}

/** Where batches come from; the same step gives the same batch again. */
export interface BatchSource {
  batch(step: number): Promise<Batch>;
}

/** What a {@linkcode Trainer} is made from. */
export interface TrainerOptions {
  configurationName: string;
  configuration: Configuration;
  labels: LabelManager;
  fold: number | "all";
  settings: TrainerSettings;
  /** Of initial weights; batches have their own. */
  seed: number;
  /** Axes that patches are mirrored along, in training and at test time. */
  mirrorAxes: number[];
  training: BatchSource;
  validation: BatchSource;
}

/** What one epoch brought. */
export interface EpochSummary {
  trainLoss: number;
  valLoss: number;
  /** Dice per foreground class over the epoch's validation patches. */
  pseudoDice: number[];
  /** Moving average of its mean. */
  emaDice: number;
  seconds: number;
  /** Whether the moving average is the best so far. */
  isBest: boolean;
}

/** Interruption and progress of one epoch. */
export interface EpochHooks {
  signal?: AbortSignal;
  onIteration?: (progress: IterationProgress) => void;
}

/**
 * nnU-Net's training of one fold: batches in, a network out. It holds the network, the optimizer and
 * the log; files are `runTraining`'s.
 */
export class Trainer {
  readonly network: Unet;
  readonly settings: TrainerSettings;
  log: TrainingLog = emptyLog();
  /** The next epoch to run. */
  epoch = 0;
  readonly #gpu: Gpu;
  readonly #options: TrainerOptions;
  readonly #parameters: Tensor[];
  readonly #optimizer: Sgd | AdamW;
  #bestEma: number | undefined;

  /** @throws {DataError} if the device cannot hold the plan, or the plan needs what is not there yet */
  constructor(gpu: Gpu, options: TrainerOptions) {
    const { configuration, configurationName, labels, settings, seed } = options;
    assertFits(configurationName, configuration, gpu.limits);
    if (labels.hasRegions || configuration.previous_stage) {
      const what = labels.hasRegions ? "regions" : "the second stage of a cascade";
      throw new DataError(
        `Cannot train ${configurationName}: ${what} cannot be trained yet, ` +
          `use ${labels.hasRegions ? "plain labels" : "3d_fullres"}`,
      );
    }
    this.#gpu = gpu;
    this.#options = options;
    this.settings = settings;
    this.network = new Unet(gpu, configuration.architecture, {
      inputChannels: configuration.normalization_schemes.length,
      outputChannels: labels.numSegmentationHeads,
      seed,
    });
    this.#parameters = [...this.network.parameters().values()];
    const { weightDecay } = settings;
    this.#optimizer = settings.optimizer === "adamw"
      ? new AdamW(this.#parameters, { weightDecay })
      : new Sgd(this.#parameters, { momentum: MOMENTUM, nesterov: true, weightDecay });
  }

  /** Of the next epoch. */
  get learningRate(): number {
    return polyLearningRate(this.epoch, this.settings);
  }

  /**
   * Runs the next epoch: training batches, then validation batches.
   *
   * @throws the signal's reason when stopped; the epoch then counts as not run
   */
  async runEpoch(hooks: EpochHooks = {}): Promise<EpochSummary> {
    const start = Date.now() / 1000;
    const { iterations, validationIterations } = this.settings;
    const learningRate = this.learningRate;
    const trainLosses = await this.#iterate("train", iterations, hooks, async (step) => {
      const batch = await this.#options.training.batch(step);
      return { loss: this.#trainStep(batch, learningRate), batch };
    });

    const counts = this.#options.labels.foregroundLabels.map((): [number, number, number] => [
      0,
      0,
      0,
    ]);
    const valLosses = await this.#iterate("validate", validationIterations, hooks, async (step) => {
      const batch = await this.#options.validation.batch(step);
      return { ...this.#validationStep(batch), batch };
    }, (batchCounts) => {
      counts.forEach((sum, label) => {
        for (let i = 0; i < 3; i++) sum[i] += batchCounts[3 * (label + 1) + i];
      });
    });

    const { perClass, mean } = pseudoDice(counts);
    const emaDice = movingAverage(this.log.ema_fg_dice.at(-1), mean);
    const isBest = !(emaDice <= (this.#bestEma ?? -Infinity));
    if (isBest) this.#bestEma = emaDice;
    const end = Date.now() / 1000;
    const [trainLoss, valLoss] = [average(trainLosses), average(valLosses)];
    this.log.train_losses.push(trainLoss);
    this.log.val_losses.push(valLoss);
    this.log.dice_per_class_or_region.push(perClass);
    this.log.mean_fg_dice.push(mean);
    this.log.ema_fg_dice.push(emaDice);
    this.log.lrs.push(learningRate);
    this.log.epoch_start_timestamps.push(start);
    this.log.epoch_end_timestamps.push(end);
    this.epoch++;
    return { trainLoss, valLoss, pseudoDice: perClass, emaDice, seconds: end - start, isBest };
  }

  /**
   * Goes through the batches of an epoch. The host runs ahead of the device; what the steps return is
   * read every second or two.
   */
  async #iterate(
    phase: "train" | "validate",
    total: number,
    { signal, onIteration }: EpochHooks,
    run: (step: number) => Promise<{ loss: Tensor; counts?: Tensor; batch: Batch }>,
    onCounts?: (counts: Float32Array) => void,
  ): Promise<number[]> {
    const losses: number[] = [];
    let pending: { loss: Tensor; counts?: Tensor }[] = [];
    let readEvery = 1;
    let since = performance.now();
    try {
      for (let i = 0; i < total; i++) {
        signal?.throwIfAborted();
        const { loss, counts, batch } = await run(this.epoch * total + i);
        for (const tensor of Object.values(batch)) tensor.dispose();
        pending.push({ loss, counts });
        if (pending.length < readEvery && i < total - 1) continue;

        const reads = [readTogether(pending.map(({ loss }) => loss))];
        const someCounts = pending.flatMap(({ counts }) => counts ?? []);
        if (someCounts.length) reads.push(readTogether(someCounts));
        pending = [];
        const [newLosses, newCounts] = await Promise.all(reads);
        losses.push(...newLosses);
        if (newCounts) {
          const size = newCounts.length / newLosses.length;
          for (let k = 0; k < newCounts.length; k += size) {
            onCounts?.(newCounts.subarray(k, k + size));
          }
        }
        const now = performance.now();
        const perStep = (now - since) / newLosses.length;
        readEvery = Math.max(1, Math.min(25, Math.round(READ_EVERY_MS / perStep)));
        since = now;
        onIteration?.({ epoch: this.epoch, phase, done: i + 1, total, loss: average(losses) });
      }
    } finally {
      for (const { loss, counts } of pending) for (const t of [loss, counts]) t?.dispose();
    }
    return losses;
  }

  /** The convolutions of a training step, to be measured before training (`tuneConvolutions`). */
  convolutions(): ConvolutionWork[] {
    const { batch_size, patch_size, normalization_schemes } = this.#options.configuration;
    return recordConvolutions(this.#gpu, () => {
      const channels = normalization_schemes.length;
      const data = this.#gpu.zeros([batch_size, channels, ...patch_size], "packed");
      const target = this.#gpu.zeros([batch_size, 1, ...patch_size]);
      this.#gradients({ data, target });
    });
  }

  #gradients({ data, target }: Batch): ValueAndGrads {
    return valueAndGrad(
      this.#parameters,
      () => this.#loss(this.network.forward(data, { deepSupervision: true }), target),
    );
  }

  #trainStep(batch: Batch, learningRate: number): Tensor {
    return this.#gpu.scope(() => {
      const { value, grads } = this.#gradients(batch);
      const gathered = gather(grads);
      clipGradNorm(gathered, MAX_GRADIENT_NORM);
      this.#optimizer.step(gathered, { lr: learningRate });
      return value;
    });
  }

  #validationStep({ data, target }: Batch): { loss: Tensor; counts: Tensor } {
    const { ignoreLabel } = this.#options.labels;
    return this.#gpu.scope(() => {
      const logits = this.network.forward(data, { deepSupervision: true });
      const loss = this.#loss(logits, target);
      return { loss, counts: segmentationCounts(logits[0], target, { ignoreLabel }) };
    });
  }

  #loss(logits: Tensor[], target: Tensor): Tensor {
    const { configuration: { batch_dice: batchDice }, labels: { ignoreLabel } } = this.#options;
    return deepSupervisionLoss(
      logits,
      target,
      (output, labels) => crossEntropyDice(output, labels, { batchDice, ignoreLabel }),
    );
  }

  /** Everything that continuing needs, as of now. */
  async checkpoint(): Promise<Checkpoint> {
    const { configurationName, fold, seed, mirrorAxes } = this.#options;
    const [weights, optimizer] = await Promise.all([this.network.save(), this.#optimizerState()]);
    return {
      weights,
      optimizer,
      training: {
        trainer_name: this.settings.name,
        configuration: configurationName,
        fold,
        current_epoch: this.epoch,
        steps: this.#optimizer instanceof AdamW ? this.#optimizer.steps : 0,
        seed,
        logging: logUpTo(this.log, this.epoch),
        _best_ema: this.#bestEma ?? null,
        inference_allowed_mirroring_axes: mirrorAxes,
      },
    };
  }

  async #optimizerState(): Promise<Map<string, NamedArray>> {
    const names = [...this.network.parameters().keys()];
    const state = new Map<string, NamedArray>();
    for (const [slot, tensors] of Object.entries(this.#slots())) {
      const reads = tensors.map(async (tensor, i): Promise<[string, NamedArray] | undefined> =>
        tensor && [`${slot}.${names[i]}`, { shape: tensor.shape, data: await tensor.read() }]
      );
      for (const entry of await Promise.all(reads)) if (entry) state.set(...entry);
    }
    return state;
  }

  /** The optimizer's tensors, by PyTorch's names for them. */
  #slots(): Record<string, readonly (Tensor | undefined)[]> {
    return this.#optimizer instanceof AdamW
      ? { exp_avg: this.#optimizer.means, exp_avg_sq: this.#optimizer.squares }
      : { momentum_buffer: this.#optimizer.momenta };
  }

  /**
   * Continues where a checkpoint left off.
   *
   * @throws {DataError} if it is of another network or optimizer
   */
  restore({ weights, optimizer, training }: Checkpoint): void {
    this.network.load(weights);
    const names = [...this.network.parameters().keys()];
    const stored = (slot: string) => names.map((name) => optimizer.get(`${slot}.${name}`)?.data);
    if (this.#optimizer instanceof AdamW) {
      this.#optimizer.restore(stored("exp_avg"), stored("exp_avg_sq"), training.steps);
    } else {
      this.#optimizer.restore(stored("momentum_buffer"));
    }
    this.epoch = training.current_epoch;
    this.log = training.logging;
    this.#bestEma = training._best_ema ?? undefined;
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.network.dispose();
  }
}

/** Reads several flat tensors at once and frees them. */
function readTogether(tensors: readonly Tensor[]): Promise<Float32Array> {
  const joined = concatenate(tensors);
  for (const tensor of tensors) tensor.dispose();
  const read = joined.read();
  joined.dispose();
  return read;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
