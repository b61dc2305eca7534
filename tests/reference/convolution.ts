import { featureShape, type Shape, sizeOf } from "../../engine/shape.ts";

/**
 * Convolution by its definition in float64, padding `(kernel - 1) / 2`. Shapes as in
 * `engine/ops/convolution.ts`, all arrays in C order.
 */
export function convolution(
  x: ArrayLike<number>,
  xShape: Shape,
  weight: ArrayLike<number>,
  weightShape: Shape,
  bias: ArrayLike<number> | undefined,
  stride: readonly number[],
): { y: Float64Array; shape: number[] } {
  const shape = [
    xShape[0],
    weightShape[0],
    ...xShape.slice(2).map((extent, axis) => Math.ceil(extent / stride[axis])),
  ];
  const { c, voxels } = featureShape(shape);
  const y = new Float64Array(sizeOf(shape));
  if (bias) { for (let i = 0; i < y.length; i++) y[i] = bias[Math.floor(i / voxels) % c]; }
  forEachProduct(xShape, weightShape, shape, stride, (xi, wi, yi) => {
    y[yi] += x[xi] * weight[wi];
  });
  return { y, shape };
}

/** Gradients of {@linkcode convolution} for a gradient `gradY` of its output. */
export function convolutionGradients(
  x: ArrayLike<number>,
  xShape: Shape,
  weight: ArrayLike<number>,
  weightShape: Shape,
  stride: readonly number[],
  gradY: ArrayLike<number>,
  yShape: Shape,
): { x: Float64Array; weight: Float64Array; bias: Float64Array } {
  const grads = {
    x: new Float64Array(x.length),
    weight: new Float64Array(weight.length),
    bias: biasGradient(gradY, yShape),
  };
  forEachProduct(xShape, weightShape, yShape, stride, (xi, wi, yi) => {
    grads.x[xi] += weight[wi] * gradY[yi];
    grads.weight[wi] += x[xi] * gradY[yi];
  });
  return grads;
}

/** Sums over all samples and voxels of each channel. */
export function biasGradient(gradY: ArrayLike<number>, yShape: Shape): Float64Array {
  const { c, voxels } = featureShape(yShape);
  const sums = new Float64Array(c);
  for (let i = 0; i < gradY.length; i++) sums[Math.floor(i / voxels) % c] += gradY[i];
  return sums;
}

/** Visits every product x · weight that goes into some element of y, by its three flat indices. */
function forEachProduct(
  xShape: Shape,
  weightShape: Shape,
  yShape: Shape,
  stride: readonly number[],
  visit: (xi: number, wi: number, yi: number) => void,
): void {
  const x = featureShape(xShape);
  const w = featureShape(weightShape);
  const y = featureShape(yShape);
  const [sd, sh, sw] = stride.length === 2 ? [1, ...stride] : stride;
  for (let n = 0; n < x.n; n++) {
    for (let o = 0; o < y.c; o++) {
      for (let i = 0; i < x.c; i++) {
        for (let oz = 0; oz < y.d; oz++) {
          for (let oy = 0; oy < y.h; oy++) {
            for (let ox = 0; ox < y.w; ox++) {
              const yi = (((n * y.c + o) * y.d + oz) * y.h + oy) * y.w + ox;
              for (let kz = 0; kz < w.d; kz++) {
                for (let ky = 0; ky < w.h; ky++) {
                  for (let kx = 0; kx < w.w; kx++) {
                    const iz = oz * sd + kz - (w.d - 1) / 2;
                    const iy = oy * sh + ky - (w.h - 1) / 2;
                    const ix = ox * sw + kx - (w.w - 1) / 2;
                    if (iz < 0 || iz >= x.d || iy < 0 || iy >= x.h || ix < 0 || ix >= x.w) continue;
                    const xi = (((n * x.c + i) * x.d + iz) * x.h + iy) * x.w + ix;
                    const wi = (((o * x.c + i) * w.d + kz) * w.h + ky) * w.w + kx;
                    visit(xi, wi, yi);
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
