/** Result and, for a given gradient of it, the gradients of one instance norm in float64. */
export function instanceNormReference(
  x: Float32Array,
  shape: readonly number[],
  weight: Float32Array,
  bias: Float32Array,
  gradY: Float32Array,
  eps: number,
  negativeSlope: number,
) {
  const [n, c] = shape as [number, number];
  const voxels = x.length / (n * c);
  const y = new Float64Array(x.length);
  const gradX = new Float64Array(x.length);
  const gradWeight = new Float64Array(c);
  const gradBias = new Float64Array(c);
  for (let plane = 0; plane < n * c; plane++) {
    const channel = plane % c;
    const start = plane * voxels;
    let mean = 0;
    for (let i = 0; i < voxels; i++) mean += x[start + i] / voxels;
    let variance = 0;
    for (let i = 0; i < voxels; i++) variance += (x[start + i] - mean) ** 2 / voxels;
    const rstd = 1 / Math.sqrt(variance + eps);
    const gradH = new Float64Array(voxels);
    let meanGrad = 0;
    let meanGradH = 0;
    for (let i = 0; i < voxels; i++) {
      const h = (x[start + i] - mean) * rstd;
      const z = weight[channel] * h + bias[channel];
      const slope = z > 0 ? 1 : negativeSlope;
      y[start + i] = slope * z;
      const gradZ = gradY[start + i] * slope;
      gradWeight[channel] += gradZ * h;
      gradBias[channel] += gradZ;
      gradH[i] = gradZ * weight[channel];
      meanGrad += gradH[i] / voxels;
      meanGradH += gradH[i] * h / voxels;
    }
    for (let i = 0; i < voxels; i++) {
      const h = (x[start + i] - mean) * rstd;
      gradX[start + i] = rstd * (gradH[i] - meanGrad - h * meanGradH);
    }
  }
  return { y, gradX, gradWeight, gradBias };
}
