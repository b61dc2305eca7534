import type { LabelManager } from "../labels.ts";
import type { ResamplingKwargs } from "../plans.ts";
import type { Shape4 } from "../preprocessing/crop.ts";
import type { Shape3 } from "../preprocessing/fill_holes.ts";
import type { Spacing3 } from "../preprocessing/resample.ts";
import { resample } from "../preprocessing/resampling_function.ts";
import { insertCrop, originalShape, type PreprocessingProperties } from "./original_geometry.ts";

/** What of plans and configuration the way back to the original image depends on. */
export interface ExportSettings {
  labels: LabelManager;
  /** `spacing` of the configuration: two entries (2D) or three. */
  spacing: readonly number[];
  /** `transpose_forward` and `transpose_backward` of the plans. */
  transposeForward: readonly number[];
  transposeBackward: readonly number[];
  /** `resampling_fn_probabilities` of the configuration, and its `..._kwargs`. */
  resamplingFunction: string;
  resampling: ResamplingKwargs;
}

/** A label map in the geometry of the image file. */
export interface Segmentation {
  /** `[z, y, x]`. */
  labels: Uint8Array | Uint16Array;
  shape: Shape3;
}

/** A label map with what it was decided from. */
export interface SegmentationWithProbabilities extends Segmentation {
  /** `[heads, z, y, x]`; outside the crop background is certain, with regions nothing is there. */
  probabilities: Float32Array;
}

/**
 * The label map of a case from the network's logits (spec 06/6,
 * `convert_predicted_logits_to_segmentation_with_correct_shape`): resampled to the spacing of the
 * image, decided, put back where it was cropped. Heads are resampled one after the other, so that
 * memory holds one of them at full resolution, whatever their number.
 *
 * @param logits `[heads, x, y, z]` on the preprocessed grid
 */
export function segmentationFromLogits(
  logits: Float32Array,
  shape: Shape4,
  properties: PreprocessingProperties,
  settings: ExportSettings,
): Segmentation {
  const { labels: manager } = settings;
  let decided: Uint8Array | Uint16Array;
  if (manager.hasRegions) {
    decided = emptyLabels(manager, product(properties.shape_after_cropping_and_before_resampling));
    manager.regionsClassOrder.forEach((label, head) => {
      const resampled = resampleHead(logits, shape, head, properties, settings);
      for (let i = 0; i < decided.length; i++) {
        if (sigmoid(resampled[i]) > 0.5) decided[i] = label;
      }
    });
  } else {
    const highest = resampleHead(logits, shape, 0, properties, settings).slice();
    decided = emptyLabels(manager, highest.length);
    for (let head = 1; head < shape[0]; head++) {
      const resampled = resampleHead(logits, shape, head, properties, settings);
      for (let i = 0; i < highest.length; i++) {
        if (resampled[i] > highest[i]) {
          highest[i] = resampled[i];
          decided[i] = head;
        }
      }
    }
  }
  return inOriginalGeometry(decided, properties, settings);
}

/**
 * Like {@linkcode segmentationFromLogits}, with the probabilities of every head: softmax, or sigmoid
 * with regions.
 */
export function probabilitiesFromLogits(
  logits: Float32Array,
  shape: Shape4,
  properties: PreprocessingProperties,
  settings: ExportSettings,
): SegmentationWithProbabilities {
  const { labels: manager, transposeBackward } = settings;
  const heads = shape[0];
  const cropSize = product(properties.shape_after_cropping_and_before_resampling);
  const cropped = new Float32Array(heads * cropSize);
  for (let head = 0; head < heads; head++) {
    cropped.set(resampleHead(logits, shape, head, properties, settings), head * cropSize);
  }
  manager.logitsToProbabilities(cropped);
  const segmentation = inOriginalGeometry(
    manager.probabilitiesToLabels(cropped),
    properties,
    settings,
  );

  const size = product(segmentation.shape);
  const probabilities = new Float32Array(heads * size);
  if (!manager.hasRegions) probabilities.fill(1, 0, size);
  for (let head = 0; head < heads; head++) {
    insertCrop(
      cropped.subarray(head * cropSize, (head + 1) * cropSize),
      probabilities.subarray(head * size, (head + 1) * size),
      properties,
      transposeBackward,
    );
  }
  return { ...segmentation, probabilities };
}

/** One head on the grid of the cropped image before resampling. */
function resampleHead(
  logits: Float32Array,
  [, ...extent]: Shape4,
  head: number,
  { spacing, shape_after_cropping_and_before_resampling: newShape }: PreprocessingProperties,
  { spacing: configured, transposeForward, resamplingFunction, resampling }: ExportSettings,
): Float32Array {
  const size = product(extent);
  const original = transposeForward.map((axis) => spacing[axis]);
  // A 2D configuration never resamples across slices, so their distance is the image's own.
  const current = configured.length === 3 ? configured : [original[0], ...configured];
  return resample(
    resamplingFunction,
    logits.subarray(head * size, (head + 1) * size),
    [1, ...extent],
    newShape,
    current as unknown as Spacing3,
    original as unknown as Spacing3,
    resampling,
  );
}

function inOriginalGeometry(
  cropped: Uint8Array | Uint16Array,
  properties: PreprocessingProperties,
  { labels: manager, transposeBackward }: ExportSettings,
): Segmentation {
  const shape = originalShape(properties, transposeBackward);
  const labels = emptyLabels(manager, product(shape));
  insertCrop(cropped, labels, properties, transposeBackward);
  return { labels, shape };
}

/** Zeros, 16 bits wide only where labels need it. */
function emptyLabels(manager: LabelManager, size: number): Uint8Array | Uint16Array {
  const highest = Math.max(...manager.allLabels, ...manager.regionsClassOrder);
  return highest < 256 ? new Uint8Array(size) : new Uint16Array(size);
}

/** In float32, where a tiny positive logit gives exactly one half. */
function sigmoid(logit: number): number {
  return Math.fround(1 / (1 + Math.exp(-logit)));
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, n) => total * n, 1);
}
