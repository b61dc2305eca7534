import source from "../../shaders/segmentation_counts.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape, formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const count = new Kernel("segmentation_counts", source, "count");
const toFloats = new Kernel("segmentation_counts", source, "to_floats");

const VOXELS = 16;
const NO_LABEL = -1;

/** Options for {@linkcode segmentationCounts}. */
export interface SegmentationCountsOptions {
  /** Voxels with this label count nowhere. */
  ignoreLabel?: number;
}

/**
 * Returns the numbers of true positive, false positive and false negative voxels of each class, over
 * the whole batch, flat `[classes, 3]`. A voxel's prediction is the class of its highest logit. Exact
 * up to 2^24 voxels.
 *
 * @param logits `[N, classes, ...]`
 * @param target flat `[N, 1, ...]`: labels `0 … classes − 1` or the ignore label
 * @throws {TypeError} if the shapes do not belong together.
 */
export function segmentationCounts(
  logits: Tensor,
  target: Tensor,
  { ignoreLabel = NO_LABEL }: SegmentationCountsOptions = {},
): Tensor {
  const { gpu, shape } = logits;
  const { n: samples, c: classes, blocks, voxels } = featureShape(shape);
  if (!sameShape(target.shape, [samples, 1, ...shape.slice(2)])) {
    throw new TypeError(
      `Cannot compare logits ${formatShape(shape)} with target ${formatShape(target.shape)}: ` +
        "need [N, classes, ...] and [N, 1, ...]",
    );
  }
  const params = { samples, voxels, classes, blocks, ignore_label: ignoreLabel };
  return gpu.scope(() => {
    const counters = gpu.zeros([classes, 3]);
    gpu.dispatch(count, {
      params,
      buffers: { logits, labels: target, counters },
      overrides: { CLASSES: classes },
      threads: Math.ceil(samples * voxels / VOXELS),
    });
    const counts = gpu.empty([classes, 3], "flat");
    gpu.dispatch(toFloats, {
      params,
      buffers: { integers: counters, out: counts },
      threads: counts.size,
    });
    return counts;
  });
}
