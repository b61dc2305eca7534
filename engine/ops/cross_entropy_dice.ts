import source from "../../shaders/cross_entropy_dice.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const partialSums = new Kernel("cross_entropy_dice", source, "partial_sums");
const mergeSums = new Kernel("cross_entropy_dice", source, "merge_sums");
const value = new Kernel("cross_entropy_dice", source, "value");
const backward = new Kernel("cross_entropy_dice", source, "backward");

const WORKGROUP_SIZE = 64;
const TILE = 512;
const NO_LABEL = -1;

/** Options for {@linkcode crossEntropyDice}. */
export interface CrossEntropyDiceOptions {
  /** Dice over the voxels of the whole batch instead of each sample. @default {false} */
  batchDice?: boolean;
  /** Voxels with this label count nowhere. */
  ignoreLabel?: number;
  /** Added to numerator and denominator of Dice. @default {1e-5} */
  smooth?: number;
  /** Factor of the cross entropy. @default {1} */
  weightCrossEntropy?: number;
  /** Factor of the Dice term. @default {1} */
  weightDice?: number;
}

/**
 * Returns cross entropy (mean over voxels) minus mean soft Dice of the foreground classes, `[1]`:
 * nnU-Net's `DC_and_CE_loss` with `MemoryEfficientSoftDiceLoss`. A perfect segmentation gives −1.
 * Differentiable in the logits.
 *
 * @param logits `[N, classes, ...]`
 * @param target flat `[N, 1, ...]`: labels `0 … classes − 1` or the ignore label
 * @throws {TypeError} if the shapes do not belong together or there is no foreground class.
 */
export function crossEntropyDice(
  logits: Tensor,
  target: Tensor,
  {
    batchDice = false,
    ignoreLabel = NO_LABEL,
    smooth = 1e-5,
    weightCrossEntropy = 1,
    weightDice = 1,
  }: CrossEntropyDiceOptions = {},
): Tensor {
  const { gpu, shape } = logits;
  const { n: samples, c: classes, blocks, voxels } = featureShape(shape);
  if (!sameShape(target.shape, [samples, 1, ...shape.slice(2)]) || classes < 2) {
    throw new TypeError(
      `Cannot compare logits ${formatShape(shape)} with target ${formatShape(target.shape)}: ` +
        "need [N, classes, ...] with at least 2 classes and [N, 1, ...]",
    );
  }
  const tiles = Math.ceil(voxels / TILE);
  const vectors = 1 + 3 * blocks;
  const params = {
    samples,
    voxels,
    classes,
    blocks,
    tiles,
    batch_dice: Number(batchDice),
    ignore_label: ignoreLabel,
    smoothing: smooth,
    weight_ce: weightCrossEntropy,
    weight_dice: weightDice,
  };
  return gpu.scope(() => {
    const partials = gpu.empty([samples * tiles, vectors, 4], "flat");
    gpu.dispatch(partialSums, {
      params,
      buffers: { logits, labels: target, out: partials },
      threads: samples * tiles * WORKGROUP_SIZE,
    });
    const sums = gpu.empty([samples, vectors, 4], "flat");
    gpu.dispatch(mergeSums, {
      params,
      buffers: { partials, out: sums },
      threads: samples * vectors * WORKGROUP_SIZE,
    });
    const loss = gpu.empty([1], "flat");
    const coefficients = gpu.empty([1 + 2 * samples * blocks, 4], "flat");
    gpu.dispatch(value, {
      params,
      buffers: { sums, value_out: loss, coefficients_out: coefficients },
      workgroups: [1, 1, 1],
    });
    return gpu.record(loss, {
      inputs: { logits },
      saved: [logits, target, coefficients],
      backward: (gradLoss) => ({
        logits: () => {
          const gradLogits = gpu.empty(shape);
          gpu.dispatch(backward, {
            params,
            buffers: {
              logits,
              labels: target,
              coefficients,
              grad_value: gradLoss,
              out: gradLogits,
            },
            threads: samples * tiles * WORKGROUP_SIZE,
          });
          return gradLogits;
        },
      }),
    });
  });
}
