/** What is kept of a training, one value an epoch; keys as in nnU-Net's checkpoints (spec 05/8). */
export interface TrainingLog {
  mean_fg_dice: number[];
  ema_fg_dice: number[];
  dice_per_class_or_region: number[][];
  train_losses: number[];
  val_losses: number[];
  lrs: number[];
  /** Seconds since the epoch of Unix. */
  epoch_start_timestamps: number[];
  epoch_end_timestamps: number[];
}

/** A log before the first epoch. */
export function emptyLog(): TrainingLog {
  return {
    mean_fg_dice: [],
    ema_fg_dice: [],
    dice_per_class_or_region: [],
    train_losses: [],
    val_losses: [],
    lrs: [],
    epoch_start_timestamps: [],
    epoch_end_timestamps: [],
  };
}

/** The log of the first `epochs` epochs; what an interrupted epoch left is dropped. */
export function logUpTo(log: TrainingLog, epochs: number): TrainingLog {
  return Object.fromEntries(
    Object.entries(log).map(([key, values]) => [key, values.slice(0, epochs)]),
  ) as unknown as TrainingLog;
}

/**
 * Dice per class from counts summed over an epoch's validation batches, NaN where a class neither
 * occurs nor is predicted; and their mean without those (the "pseudo Dice", spec 05/7).
 *
 * @param counts true positives, false positives, false negatives of each class
 */
export function pseudoDice(
  counts: readonly (readonly [number, number, number])[],
): { perClass: number[]; mean: number } {
  const perClass = counts.map(([tp, fp, fn]) => 2 * tp / (2 * tp + fp + fn));
  const present = perClass.filter((dice) => !Number.isNaN(dice));
  const mean = present.reduce((sum, dice) => sum + dice, 0) / present.length;
  return { perClass, mean };
}

/**
 * The exponential moving average after one more value (spec 05/7). An epoch without any class leaves
 * it as it was: nnU-Net's would be NaN for good.
 */
export function movingAverage(previous: number | undefined, value: number): number {
  if (previous === undefined || Number.isNaN(previous)) return value;
  return Number.isNaN(value) ? previous : 0.9 * previous + 0.1 * value;
}
