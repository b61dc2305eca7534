import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../checkpoint.ts";
import { progressPng } from "../pictures/progress_png.ts";
import type { Store } from "../store.ts";
import type { EpochSummary, Trainer } from "./trainer.ts";

/** Names of a fold's checkpoints, most wanted first when training continues. */
export const CHECKPOINTS = {
  final: "checkpoint_final.safetensors",
  latest: "checkpoint_latest.safetensors",
  best: "checkpoint_best.safetensors",
} as const;

/** Receives one line of the training log, without its time stamp. */
export type WriteLine = (line: string) => void;

/** Options for {@linkcode runTraining}. */
export interface TrainingRunOptions {
  /** Where checkpoints and `progress.png` go: `.../fold_0`. */
  foldFolder: string;
  writeLine: WriteLine;
  /** Write no checkpoints. @default {false} */
  disableCheckpointing?: boolean;
  /** Stops training after the iteration at hand; a checkpoint is written first. */
  signal?: AbortSignal;
  /** Called now and then within an epoch. */
  onIteration?: (progress: IterationProgress) => void;
}

/** Where training is within an epoch. */
export interface IterationProgress {
  epoch: number;
  phase: "train" | "validate";
  done: number;
  total: number;
  /** Mean loss of the epoch so far. */
  loss: number;
}

/**
 * Runs the epochs that are left and keeps the fold's folder up to date: a checkpoint after each epoch
 * (nnU-Net: every 50), the best one, `progress.png`, the log lines that other tools parse (spec 05/8).
 *
 * @throws the signal's reason when stopped; what was trained so far is in `checkpoint_latest`
 */
export async function runTraining(
  trainer: Trainer,
  store: Store,
  options: TrainingRunOptions,
): Promise<void> {
  const { foldFolder, writeLine, signal, onIteration } = options;
  const save = async (name: string) => {
    if (options.disableCheckpointing) return;
    await writeCheckpoint(store, `${foldFolder}/${name}`, await trainer.checkpoint());
  };
  while (trainer.epoch < trainer.settings.epochs) {
    writeLine("");
    writeLine(`Epoch ${trainer.epoch}`);
    writeLine(`Current learning rate: ${round(trainer.learningRate, 5)}`);
    let summary: EpochSummary;
    try {
      summary = await trainer.runEpoch({ signal, onIteration });
    } catch (error) {
      if (signal?.aborted) await save(CHECKPOINTS.latest);
      throw error;
    }
    writeLine(`train_loss ${round(summary.trainLoss, 4)}`);
    writeLine(`val_loss ${round(summary.valLoss, 4)}`);
    writeLine(`Pseudo dice [${summary.pseudoDice.map((dice) => round(dice, 4)).join(", ")}]`);
    writeLine(`Epoch time: ${round(summary.seconds, 2)} s`);
    if (summary.isBest) {
      writeLine(`Yayy! New best EMA pseudo Dice: ${round(summary.emaDice, 4)}`);
      await save(CHECKPOINTS.best);
    }
    const done = trainer.epoch === trainer.settings.epochs;
    await save(done ? CHECKPOINTS.final : CHECKPOINTS.latest);
    if (done) await store.remove(`${foldFolder}/${CHECKPOINTS.latest}`);
    await store.write(`${foldFolder}/progress.png`, progressPng(trainer.log));
  }
}

/**
 * The checkpoint to continue from: the first that exists of final, latest and best.
 *
 * @throws {DataError} if it is damaged
 */
export async function findCheckpoint(
  store: Store,
  foldFolder: string,
  names: readonly string[] = Object.values(CHECKPOINTS),
): Promise<Checkpoint | undefined> {
  for (const name of names) {
    const path = `${foldFolder}/${name}`;
    if (await store.stat(path)) return await readCheckpoint(store, path);
  }
}

/** At most so many decimals, without zeros at the end, as NumPy prints rounded numbers. */
function round(value: number, decimals: number): string {
  const rounded = Number(value.toFixed(decimals));
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}
