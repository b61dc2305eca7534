import * as v from "valibot";
import { DataError } from "./errors.ts";
import { parseJsonFile } from "./json_file.ts";
import { formatPythonJson } from "./python_json.ts";
import { readSafetensors, type Safetensor, writeSafetensors } from "./safetensors.ts";
import type { Store } from "./store.ts";
import type { TrainingLog } from "./training/training_log.ts";

/** A float32 array with its shape, C order. */
export interface NamedArray {
  shape: readonly number[];
  data: Float32Array;
}

/** A trained network and all that continuing its training needs (spec 08/2.1). */
export interface Checkpoint {
  /** Parameters by canonical name (spec 04/5). */
  weights: Map<string, NamedArray>;
  /** Optimizer state as `slot.parameter`, e.g. `momentum_buffer.encoder.stages.0.0.convs.0.conv.weight`. */
  optimizer: Map<string, NamedArray>;
  /** Everything else. */
  training: TrainingState;
}

/** The part of a {@linkcode Checkpoint} that is no array; keys as in nnU-Net's. */
export interface TrainingState {
  trainer_name: string;
  /** The configuration of the plans that was trained. */
  configuration: string;
  fold: number | "all";
  /** The next epoch to run; the number of epochs when training is done. */
  current_epoch: number;
  /** Optimizer steps taken. */
  steps: number;
  /** Draws of patches and augmentation follow from it. */
  seed: number;
  logging: TrainingLog;
  _best_ema: number | null;
  inference_allowed_mirroring_axes: number[] | null;
}

const WEIGHTS = "network.";
const OPTIMIZER = "optimizer.";
const FORMAT = "nnunet-webgpu checkpoint 1";

const numbers = v.array(v.union([v.number(), v.nan()]));
const trainingSchema = v.looseObject({
  trainer_name: v.string(),
  configuration: v.string(),
  fold: v.union([v.number(), v.literal("all")]),
  current_epoch: v.number(),
  steps: v.number(),
  seed: v.number(),
  logging: v.object({
    mean_fg_dice: numbers,
    ema_fg_dice: numbers,
    dice_per_class_or_region: v.array(numbers),
    train_losses: numbers,
    val_losses: numbers,
    lrs: numbers,
    epoch_start_timestamps: numbers,
    epoch_end_timestamps: numbers,
  }),
  _best_ema: v.nullable(v.number()),
  inference_allowed_mirroring_axes: v.nullable(v.array(v.number())),
});

/**
 * Writes a checkpoint as one safetensors file; the training's state is JSON in its header, so that
 * arrays and state can never be of two different epochs.
 */
export function writeCheckpoint(store: Store, path: string, checkpoint: Checkpoint): Promise<void> {
  const tensors = new Map<string, Safetensor>();
  const add = (prefix: string, arrays: Map<string, NamedArray>) =>
    arrays.forEach((array, name) => tensors.set(prefix + name, { dtype: "F32", ...array }));
  add(WEIGHTS, checkpoint.weights);
  add(OPTIMIZER, checkpoint.optimizer);
  const bytes = writeSafetensors(tensors, {
    format: FORMAT,
    training: formatPythonJson(checkpoint.training),
  });
  return store.write(path, bytes);
}

/**
 * Reads what {@linkcode writeCheckpoint} wrote.
 *
 * @throws {DataError} if the file is damaged or something else
 */
export async function readCheckpoint(store: Store, path: string): Promise<Checkpoint> {
  const { tensors, metadata } = readSafetensors(await store.read(path), path);
  if (metadata.format !== FORMAT) {
    throw new DataError(
      `Cannot read "${path}": it is no checkpoint of this program, name one that training wrote`,
    );
  }
  const training = parseJsonFile(trainingSchema, metadata.training ?? "", path);
  const select = (prefix: string) => {
    const arrays = new Map<string, NamedArray>();
    for (const [name, { dtype, shape, data }] of tensors) {
      if (!name.startsWith(prefix)) continue;
      if (dtype !== "F32") {
        throw new DataError(`Cannot read "${path}": "${name}" is ${dtype}, F32 was expected`);
      }
      arrays.set(name.slice(prefix.length), { shape, data: data as Float32Array });
    }
    return arrays;
  };
  return {
    weights: select(WEIGHTS),
    optimizer: select(OPTIMIZER),
    training,
  };
}
