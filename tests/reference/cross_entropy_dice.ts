/** Value and gradient of cross entropy + soft Dice in float64; logits `[N, K, voxels]`. */
export function crossEntropyDiceReference(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  [n, classes, voxels]: readonly [number, number, number],
  { batchDice = false, ignoreLabel = -1, smooth = 1e-5 },
): { value: number; grad: Float64Array } {
  const p = new Float64Array(n * classes * voxels);
  let crossEntropy = 0;
  let count = 0;
  const at = (sample: number, k: number, voxel: number) => (sample * classes + k) * voxels + voxel;
  const groups = batchDice ? 1 : n;
  const groupOf = (sample: number) => batchDice ? 0 : sample;
  const sums = Array.from({ length: groups * classes }, () => ({ i: 0, a: 0, b: 0 }));
  for (let sample = 0; sample < n; sample++) {
    for (let voxel = 0; voxel < voxels; voxel++) {
      const label = labels[sample * voxels + voxel];
      const row = Array.from({ length: classes }, (_, k) => logits[at(sample, k, voxel)]);
      const most = Math.max(...row);
      const sum = row.reduce((total, l) => total + Math.exp(l - most), 0);
      row.forEach((l, k) => p[at(sample, k, voxel)] = Math.exp(l - most) / sum);
      if (label === ignoreLabel) continue;
      count++;
      crossEntropy += Math.log(sum) - (row[label] - most);
      for (let k = 0; k < classes; k++) {
        const of = sums[groupOf(sample) * classes + k];
        of.a += p[at(sample, k, voxel)];
        if (k === label) {
          of.i += p[at(sample, k, voxel)];
          of.b++;
        }
      }
    }
  }
  const terms = groups * (classes - 1);
  let value = count ? crossEntropy / count : 0;
  sums.forEach(({ i, a, b }, index) => {
    if (index % classes) value -= (2 * i + smooth) / Math.max(a + b + smooth, 1e-8) / terms;
  });
  const grad = new Float64Array(p.length);
  for (let sample = 0; sample < n; sample++) {
    for (let voxel = 0; voxel < voxels; voxel++) {
      const label = labels[sample * voxels + voxel];
      if (label === ignoreLabel) continue;
      const gradP = Array.from({ length: classes }, (_, k) => {
        if (k === 0) return 0;
        const { i, a, b } = sums[groupOf(sample) * classes + k];
        const volume = a + b + smooth;
        return -(Number(k === label) * 2 / volume - (2 * i + smooth) / volume ** 2) / terms;
      });
      const mean = gradP.reduce((total, g, k) => total + g * p[at(sample, k, voxel)], 0);
      for (let k = 0; k < classes; k++) {
        const pk = p[at(sample, k, voxel)];
        grad[at(sample, k, voxel)] = (pk - Number(k === label)) / count + pk * (gradP[k] - mean);
      }
    }
  }
  return { value, grad };
}
