// Values are those of specification 05, checks 13 and 14, computed with batchgeneratorsv2.
import assert from "node:assert/strict";
import { transformImage, transformLabels } from "../../../engine/ops/spatial_transform.ts";
import type { Gpu } from "../../../engine/gpu.ts";
import { type AffineDraw, affineTransform } from "../../../nnunet/augmentation/affine.ts";
import { gpuTest } from "../../support/gpu_test.ts";

const range = (length: number) => Array.from({ length }, (_, i) => i);
const SEG = range(30).map((i) => {
  const [row, column] = [Math.floor(i / 6), i % 6];
  if (row >= 3 && column < 3) return 2;
  return row >= 1 && row < 3 && column >= 2 && column < 5 ? 1 : 0;
});

/** A 5 × 6 image and label map, changed; one text a row of labels. */
async function change(gpu: Gpu, size: number[], draw: AffineDraw) {
  const [x, labels] = [gpu.featureMap(range(30), [1, 1, 5, 6]), gpu.tensor(SEG, [1, 1, 5, 6])];
  const transform = affineTransform([5, 6], size, draw, true);
  const outputs = [transformImage(x, transform), transformLabels(labels, transform)];
  const [image, seg] = await Promise.all(outputs.map((tensor) => tensor.read()));
  for (const tensor of [x, labels, ...outputs]) tensor.dispose();
  const rows = range(size[0]).map((row) => seg.slice(row * size[1], (row + 1) * size[1]).join(""));
  return { image: [...image], rows };
}

function assertClose(actual: number[], expected: number[]) {
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) <= 2e-5, `${actual}`));
}

gpuTest("without rotation and scaling the middle is cut out", async (gpu) => {
  const { image } = await change(gpu, [4, 4], {});
  assert.deepEqual(image, [1, 2, 3, 4, 7, 8, 9, 10, 13, 14, 15, 16, 19, 20, 21, 22]);
  assert.deepEqual((await change(gpu, [3, 3], {})).image, [8, 9, 10, 14, 15, 16, 20, 21, 22]);
  const padded = await change(gpu, [7, 4], {});
  assert.deepEqual(padded.rows[0], "-1-1-1-1");
});

gpuTest("rotation turns about the centre", async (gpu) => {
  const quarter = await change(gpu, [4, 4], { angles: [Math.PI / 2] });
  assertClose(quarter.image, [22, 16, 10, 4, 23, 17, 11, 5, 24, 18, 12, 6, 25, 19, 13, 7]);
  assert.deepEqual(quarter.rows, ["2000", "2110", "0110", "0110"]);
  const half = await change(gpu, [4, 4], { angles: [0.5] });
  assertClose(half.image, [8.881080, 6.882100, 4.883130, 2.987250]);
  assert.deepEqual(half.rows, ["0000", "0111", "2211", "2000"]);
});

gpuTest("a scale above 1 shows more of the image", async (gpu) => {
  const more = await change(gpu, [4, 4], { scale: 1.4 });
  assertClose(more.image.slice(4), [8.2, 9.6, 11, 12.4]);
  assert.deepEqual(more.rows, ["0000", "0110", "2200", "2200"]);
  const less = await change(gpu, [4, 4], { scale: 0.7 });
  assertClose(less.image, [7.15, 7.85, 8.55, 9.25]);
  assert.deepEqual(less.rows, ["0111", "0111", "0111", "2200"]);
});

gpuTest("3D turns about axis 0, then 1, then 2", async (gpu) => {
  const transform = affineTransform(
    [3, 4, 5],
    [2, 3, 4],
    { angles: [0.3, -0.2, 0.1], scale: 1.2 },
    false,
  );
  assertClose(transform.matrix.flat(), [
    ...[1.170204, -0.18455, -0.191214],
    ...[0.117412, 1.133643, -0.37559],
    ...[0.238403, 0.347555, 1.123552],
  ]);
  const x = gpu.featureMap(range(60), [1, 1, 3, 4, 5]);
  const y = transformImage(x, transform);
  const values = [...await y.read()];
  assertClose(values, [18.72244, 17.3498, 12.77112, 7.04902]);
  assertClose(values.slice(16), [48.4828, 43.90412, 39.32543, 34.74675]);
  for (const tensor of [x, y]) tensor.dispose();
});

gpuTest("dummy 2D leaves the first axis alone", async (gpu) => {
  const x = gpu.featureMap(range(30).concat(range(30).map((i) => i + 100)), [1, 1, 2, 5, 6]);
  const transform = affineTransform([2, 5, 6], [2, 4, 4], { angles: [0.5] }, true);
  const y = transformImage(x, transform);
  const values = [...await y.read()];
  assertClose(values, [8.881080, 6.882100]);
  assertClose(values.slice(16), [108.881080, 106.882100]);
  for (const tensor of [x, y]) tensor.dispose();
});

gpuTest("of labels with equal shares the nearest wins, halves rounding to even", async (gpu) => {
  const labels = gpu.tensor([2, 1, 3, 0], [1, 1, 1, 4]);
  const matrix = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  // Positions 0.5, 1.5, 2.5: nearest voxels 0, 2, 2
  const between = transformLabels(labels, { matrix, centre: [0, 0, 1.5], size: [1, 3] });
  assert.deepEqual([...await between.read()], [2, 3, 3]);
  for (const tensor of [labels, between]) tensor.dispose();
});
