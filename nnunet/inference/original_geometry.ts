import type { Shape3 } from "../preprocessing/fill_holes.ts";
import type { CaseProperties } from "../preprocessing/preprocess_case.ts";
import { permute } from "../preprocessing/transpose.ts";

/** What leads from a preprocessed case back to its image. */
export type PreprocessingProperties = Pick<
  CaseProperties,
  | "spacing"
  | "shape_before_cropping"
  | "bbox_used_for_cropping"
  | "shape_after_cropping_and_before_resampling"
>;

/** Spatial shape of a case in the axis order of its reader. */
export function originalShape(
  { shape_before_cropping }: Pick<PreprocessingProperties, "shape_before_cropping">,
  transposeBackward: readonly number[],
): Shape3 {
  return permute(shape_before_cropping, transposeBackward);
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
