import type { BoundingBox } from "../preprocessing/crop.ts";

/** What preprocessing noted of a case, with nnU-Net's keys (spec 03, "properties (pkl)"). */
export interface PreprocessingProperties {
  /** mm, in the axis order of the reader (z, y, x). */
  spacing: number[];
  /** After transposition, as are the next two. */
  shape_before_cropping: number[];
  bbox_used_for_cropping: BoundingBox;
  shape_after_cropping_and_before_resampling: number[];
}

/** Spatial shape of a case in the axis order of its reader. */
export function originalShape(
  { shape_before_cropping }: Pick<PreprocessingProperties, "shape_before_cropping">,
  transposeBackward: readonly number[],
): number[] {
  return transposeBackward.map((axis) => shape_before_cropping[axis]);
}

/**
 * Undoes cropping and transposition of one channel: copies `cropped` to where it came from.
 *
 * @param cropped shape `shape_after_cropping_and_before_resampling`
 * @param original shape {@linkcode originalShape}; voxels outside the crop stay as they are
 */
export function insertCrop(
  cropped: ArrayLike<number>,
  original: { [index: number]: number },
  { shape_before_cropping, bbox_used_for_cropping: bbox }: PreprocessingProperties,
  transposeBackward: readonly number[],
): void {
  const strides = [0, 0, 0];
  let stride = 1;
  for (const axis of [...transposeBackward].reverse()) {
    strides[axis] = stride;
    stride *= shape_before_cropping[axis];
  }
  const [[x0, x1], [y0, y1], [z0, z1]] = bbox;
  let from = 0;
  for (let x = x0; x < x1; x++) {
    for (let y = y0; y < y1; y++) {
      let to = x * strides[0] + y * strides[1] + z0 * strides[2];
      for (let z = z0; z < z1; z++, to += strides[2]) original[to] = cropped[from++];
    }
  }
}
