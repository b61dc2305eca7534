import type { Augmentation } from "../augmentation/training_transforms.ts";
import { DataError } from "../errors.ts";

/** What a trainer's name stands for (spec 05, sections 1 and 11). */
export interface TrainerSettings {
  /** As in folder names and checkpoints, e.g. `nnUNetTrainer_5epochs`. */
  name: string;
  epochs: number;
  /** Batches per epoch. */
  iterations: number;
  /** Validation batches per epoch. */
  validationIterations: number;
  optimizer: "sgd" | "adamw";
  initialLearningRate: number;
  weightDecay: number;
  /** Share of a batch's patches that hold foreground for sure. */
  oversampleForeground: number;
  /** Whether patches are mirrored in training and at test time. */
  mirroring: boolean;
  augmentation: Augmentation;
}

const DEFAULTS: TrainerSettings = {
  name: "nnUNetTrainer",
  epochs: 1000,
  iterations: 250,
  validationIterations: 50,
  optimizer: "sgd",
  initialLearningRate: 1e-2,
  weightDecay: 3e-5,
  oversampleForeground: 0.33,
  mirroring: true,
  augmentation: "full",
};

const EPOCHS = [1, 5, 10, 20, 50, 100, 250, 500, 750, 2000, 4000, 8000];
const EPOCHS_WITHOUT_MIRRORING = [250, 2000, 4000, 8000];

const VARIANTS = new Map<string, Partial<TrainerSettings>>([
  ["nnUNetTrainer", {}],
  ["nnUNetTrainerNoMirroring", { mirroring: false }],
  ["nnUNetTrainerNoDA", { mirroring: false, augmentation: "none" }],
  ...EPOCHS.map((epochs): [string, Partial<TrainerSettings>] => [
    `nnUNetTrainer_${epochs}epoch${epochs === 1 ? "" : "s"}`,
    { epochs },
  ]),
  ...EPOCHS_WITHOUT_MIRRORING.map((epochs): [string, Partial<TrainerSettings>] => [
    `nnUNetTrainer_${epochs}epochs_NoMirroring`,
    { epochs, mirroring: false },
  ]),
]);

/**
 * The settings of a trainer.
 *
 * @throws {DataError} if there is none of that name
 */
export function trainerSettings(name: string): TrainerSettings {
  const variant = VARIANTS.get(name);
  if (!variant) {
    throw new DataError(
      `Cannot train with "${name}": it is not one of ${[...VARIANTS.keys()].join(", ")}`,
    );
  }
  return { ...DEFAULTS, ...variant, name };
}

/**
 * The learning rate of an epoch: `initial · (1 − epoch / epochs)^0.9` (nnU-Net's `PolyLRScheduler`).
 *
 * @param epoch counted from 0
 */
export function polyLearningRate(epoch: number, { epochs, initialLearningRate }: TrainerSettings) {
  return initialLearningRate * (1 - epoch / epochs) ** 0.9;
}
