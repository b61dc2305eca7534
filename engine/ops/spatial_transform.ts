import source from "../../shaders/spatial_transform.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import { featureShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

const image = new Kernel("spatial_transform", source, "image");
const labelMap = new Kernel("spatial_transform", source, "label_map");

/** Where each voxel of the result comes from: `matrix · (i − (size − 1) / 2) + centre`. */
export interface SpatialTransform {
  /** Three rows of three, for axes d, h, w; 2D maps have d = 1. */
  matrix: readonly (readonly number[])[];
  /** Voxel coordinates `[d, h, w]` of the input that the middle of the result shows. */
  centre: readonly number[];
  /** Spatial extents of the result, two or three. */
  size: readonly number[];
}

/**
 * Resamples a feature map on a rotated, scaled or shifted grid, linearly; outside of `x` everything
 * is 0. Not differentiated.
 */
export function transformImage(x: Tensor, transform: SpatialTransform): Tensor {
  const y = x.gpu.empty([...x.shape.slice(0, 2), ...transform.size]);
  const { n, blocks } = featureShape(x.shape);
  const { params, threads } = geometry(x, y, transform, n * blocks);
  x.gpu.dispatch(image, { params, buffers: { x, y }, threads });
  return y;
}

/**
 * Resamples label maps, flat `[N, C, ...]`, likewise: each voxel gets the label with the largest share
 * of the neighbourhood; outside of the map everything is −1. Ties as in batchgeneratorsv2 0.3.6.
 */
export function transformLabels(labels: Tensor, transform: SpatialTransform): Tensor {
  const y = labels.gpu.empty([...labels.shape.slice(0, 2), ...transform.size], "flat");
  const { n, c } = featureShape(labels.shape);
  const { params, threads } = geometry(labels, y, transform, n * c);
  labels.gpu.dispatch(labelMap, { params, buffers: { labels, labels_out: y }, threads });
  return y;
}

function geometry(x: Tensor, y: Tensor, { matrix, centre }: SpatialTransform, maps: number) {
  const from = featureShape(x.shape);
  const to = featureShape(y.shape);
  const [[m00, m01, m02], [m10, m11, m12], [m20, m21, m22]] = matrix;
  const [centre_d, centre_h, centre_w] = centre;
  const params = {
    ...{ maps, in_d: from.d, in_h: from.h, in_w: from.w, out_d: to.d, out_h: to.h, out_w: to.w },
    ...{ m00, m01, m02, m10, m11, m12, m20, m21, m22, centre_d, centre_h, centre_w },
  };
  return { params, threads: maps * to.voxels };
}
