import { downsampleLabels, type Tensor, weightedSum } from "../../engine/mod.ts";

/**
 * Weights of the losses at each resolution, full first: halved from one to the next, the lowest 0, in
 * all 1 (spec 05, section 3). A single resolution has weight 1; nnU-Net would divide by 0 there.
 */
export function deepSupervisionWeights(levels: number): number[] {
  if (levels === 1) return [1];
  const weights = Array.from({ length: levels }, (_, i) => i === levels - 1 ? 0 : 2 ** -i);
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}

/**
 * Weighted sum `[1]` of a loss at each resolution (`DeepSupervisionWrapper` with
 * `DownsampleSegForDSTransform`). Resolutions of weight 0 are not evaluated.
 *
 * @param logits of each resolution, full first
 * @param target label map `[N, C, ...]` of full resolution
 */
export function deepSupervisionLoss(
  logits: readonly Tensor[],
  target: Tensor,
  loss: (logits: Tensor, target: Tensor) => Tensor,
): Tensor {
  const weights = deepSupervisionWeights(logits.length);
  const levels = logits.flatMap((output, i) => weights[i] ? [{ output, weight: weights[i] }] : []);
  return target.gpu.scope(() =>
    weightedSum(
      levels.map(({ output }) => loss(output, targetFor(output, target))),
      levels.map(({ weight }) => weight),
    )
  );
}

/** The target at the resolution of an output. */
export function targetFor(output: Tensor, target: Tensor): Tensor {
  const size = output.shape.slice(2);
  const isFull = size.every((extent, axis) => extent === target.shape[2 + axis]);
  return isFull ? target : downsampleLabels(target, size);
}
