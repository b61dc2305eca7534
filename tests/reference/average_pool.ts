/** Means over whole blocks of `stride` voxels of a `[N, C, D, H, W]` array, in float64. */
export function averagePoolReference(
  x: ArrayLike<number>,
  [n, c, d, h, w]: readonly number[],
  [sd, sh, sw]: readonly number[],
): Float64Array {
  const [od, oh, ow] = [Math.floor(d / sd), Math.floor(h / sh), Math.floor(w / sw)];
  const y = new Float64Array(n * c * od * oh * ow);
  for (let p = 0; p < n * c; p++) {
    for (let i = 0; i < od * sd; i++) {
      for (let j = 0; j < oh * sh; j++) {
        for (let k = 0; k < ow * sw; k++) {
          const [a, b, e] = [Math.floor(i / sd), Math.floor(j / sh), Math.floor(k / sw)];
          y[((p * od + a) * oh + b) * ow + e] += x[((p * d + i) * h + j) * w + k] / (sd * sh * sw);
        }
      }
    }
  }
  return y;
}
