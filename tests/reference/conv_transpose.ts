import { featureShape, type Shape, sizeOf } from "../../engine/shape.ts";
import { biasGradient } from "./convolution.ts";

/**
 * Transposed convolution with kernel = stride by its definition in float64. Shapes as in
 * `engine/ops/conv_transpose.ts`, all arrays in C order.
 */
export function convTranspose(
  x: ArrayLike<number>,
  xShape: Shape,
  weight: ArrayLike<number>,
  weightShape: Shape,
  bias: ArrayLike<number> | undefined,
): { y: Float64Array; shape: number[] } {
  const shape = [
    xShape[0],
    weightShape[1],
    ...xShape.slice(2).map((extent, axis) => extent * weightShape[2 + axis]),
  ];
  const { c, voxels } = featureShape(shape);
  const y = new Float64Array(sizeOf(shape));
  if (bias) { for (let i = 0; i < y.length; i++) y[i] = bias[Math.floor(i / voxels) % c]; }
  forEachProduct(xShape, weightShape, shape, (xi, wi, yi) => {
    y[yi] += x[xi] * weight[wi];
  });
  return { y, shape };
}

/** Gradients of {@linkcode convTranspose} for a gradient `gradY` of its output. */
export function convTransposeGradients(
  x: ArrayLike<number>,
  xShape: Shape,
  weight: ArrayLike<number>,
  weightShape: Shape,
  gradY: ArrayLike<number>,
  yShape: Shape,
): { x: Float64Array; weight: Float64Array; bias: Float64Array } {
  const grads = {
    x: new Float64Array(x.length),
    weight: new Float64Array(weight.length),
    bias: biasGradient(gradY, yShape),
  };
  forEachProduct(xShape, weightShape, yShape, (xi, wi, yi) => {
    grads.x[xi] += weight[wi] * gradY[yi];
    grads.weight[wi] += x[xi] * gradY[yi];
  });
  return grads;
}

/** Visits every product x · weight that goes into some element of y, by its three flat indices. */
function forEachProduct(
  xShape: Shape,
  weightShape: Shape,
  yShape: Shape,
  visit: (xi: number, wi: number, yi: number) => void,
): void {
  const x = featureShape(xShape);
  const w = featureShape(weightShape);
  const y = featureShape(yShape);
  for (let n = 0; n < x.n; n++) {
    for (let i = 0; i < x.c; i++) {
      for (let o = 0; o < y.c; o++) {
        for (let oz = 0; oz < y.d; oz++) {
          for (let oy = 0; oy < y.h; oy++) {
            for (let ox = 0; ox < y.w; ox++) {
              const [iz, kz] = [Math.floor(oz / w.d), oz % w.d];
              const [iy, ky] = [Math.floor(oy / w.h), oy % w.h];
              const [ix, kx] = [Math.floor(ox / w.w), ox % w.w];
              visit(
                (((n * x.c + i) * x.d + iz) * x.h + iy) * x.w + ix,
                (((i * y.c + o) * w.d + kz) * w.h + ky) * w.w + kx,
                (((n * y.c + o) * y.d + oz) * y.h + oy) * y.w + ox,
              );
            }
          }
        }
      }
    }
  }
}
