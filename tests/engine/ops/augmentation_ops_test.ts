// Values are those of specification 05, checks 10 to 14, computed with batchgeneratorsv2.
import assert from "node:assert/strict";
import type { Gpu } from "../../../engine/gpu.ts";
import { channelStatistics } from "../../../engine/ops/channel_statistics.ts";
import { gaussianBlur } from "../../../engine/ops/gaussian_blur.ts";
import { gaussianNoise } from "../../../engine/ops/gaussian_noise.ts";
import { changeContrast, changeGamma, scaleChannels } from "../../../engine/ops/intensity.ts";
import { lowResolution } from "../../../engine/ops/low_resolution.ts";
import { maskOutside } from "../../../engine/ops/mask_outside.ts";
import { mirror } from "../../../engine/ops/mirror.ts";
import { replaceLabel } from "../../../engine/ops/replace_label.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { randomNormal } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { storedElements } from "../../support/stored_elements.ts";

/** A row of voxels with one channel. */
const line = (gpu: Gpu, values: number[]) => gpu.featureMap(values, [1, 1, 1, values.length]);

/** Reads results and frees everything. */
async function readAll(inputs: Tensor[], outputs: Tensor[]): Promise<Float32Array[]> {
  const read = await Promise.all(outputs.map((tensor) => tensor.read()));
  for (const tensor of [...inputs, ...outputs]) tensor.dispose();
  return read;
}

function assertClose(actual: ArrayLike<number>, expected: number[], limit = 2e-6) {
  assert.equal(actual.length, expected.length);
  expected.forEach((value, i) =>
    assert.ok(Math.abs(actual[i] - value) <= limit, `${[...Array.from(actual)]}`)
  );
}

const SIGNAL = [-1, 0, 1, 2, 3, 0.5, -0.5, 1.5];

gpuTest("changeGamma() raises the range to a power and keeps mean and deviation", async (gpu) => {
  const x = line(gpu, SIGNAL);
  const changed = [false, true].map((invert) => changeGamma(x, [1.5], { invert }));
  const [plain, inverted] = await readAll([x], changed);
  // deno-fmt-ignore
  assertClose(plain, [-.605203, -.115667, .779415, 1.938502, 3.311087, .294133, -.432126, 1.329859]);
  // deno-fmt-ignore
  assertClose(inverted, [-1.265984, .080013, 1.216646, 2.094388, 2.574442, .676865, -.568898, 1.692528]);
});

gpuTest("changeContrast() stretches about the mean within the range", async (gpu) => {
  const x = line(gpu, SIGNAL);
  const [more, less] = await readAll([x], [changeContrast(x, [1.25]), changeContrast(x, [0.75])]);
  // deno-fmt-ignore
  assertClose(more, [-1, -.203125, 1.046875, 2.296875, 3, .421875, -.828125, 1.671875]);
  // deno-fmt-ignore
  assertClose(less, [-.546875, .203125, .953125, 1.703125, 2.453125, .578125, -.171875, 1.328125]);
});

gpuTest("scaleChannels() has a factor for each channel", async (gpu) => {
  const x = gpu.featureMap([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 5, 1, 2]);
  const [y] = await readAll([x], [scaleChannels(x, [1, 2, 3, 4, 0.5])]);
  assert.deepEqual([...y], [1, 2, 6, 8, 15, 18, 28, 32, 4.5, 5]);
  const other = line(gpu, SIGNAL);
  assert.throws(() => scaleChannels(other, [1, 2]), /2 factors: need one per channel/);
  other.dispose();
});

gpuTest("channelStatistics() of many tiles with a large mean", async (gpu) => {
  const voxels = 67 * 71;
  const x = randomNormal(2 * 3 * voxels, 1).map((v) => 500 + v);
  const map = gpu.featureMap(x, [2, 3, 67, 71]);
  const [statistics] = await readAll([map], [channelStatistics(map)]);
  for (let plane = 0; plane < 6; plane++) {
    const values = x.subarray(plane * voxels, (plane + 1) * voxels);
    const mean = values.reduce((sum, v) => sum + v, 0) / voxels;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / voxels;
    const at = 16 * Math.floor(plane / 3) + plane % 3;
    const found = [0, 4, 8, 12].map((offset) => statistics[at + offset]);
    const expected = [mean, Math.sqrt(variance), Math.min(...values), Math.max(...values)];
    assertClose(found, expected, 1e-4);
  }
});

gpuTest("gaussianBlur() reflects the border, also where an axis is short", async (gpu) => {
  const x = line(gpu, [0, 0, 1, 0, 0, 0, 2]);
  const constant = gpu.featureMap([3, 3, 3, 3, 3, 3], [1, 1, 1, 2, 3]);
  const blurred = [gaussianBlur(x, [[1e-3, 0.5]]), gaussianBlur(constant, [[1, 1, 1]])];
  const [y, same] = await readAll([x, constant], blurred);
  assertClose(y, [0, .106507, .786986, .106507, 0, .213014, 1.573972]);
  assertClose(same, [3, 3, 3, 3, 3, 3]);
});

gpuTest("gaussianBlur() leaves channels without a width as they are", async (gpu) => {
  const x = gpu.featureMap(randomNormal(5 * 12, 1), [1, 5, 3, 4]);
  const before = await x.read();
  const [y] = await readAll([x], [
    gaussianBlur(x, [undefined, undefined, [0.7, 0.9], undefined, undefined]),
  ]);
  for (let c = 0; c < 5; c++) {
    const channel = [before, y].map((values) => values.slice(12 * c, 12 * (c + 1)));
    if (c === 2) assert.notDeepEqual(channel[0], channel[1]);
    else assert.deepEqual(channel[0], channel[1]);
  }
});

gpuTest("lowResolution() takes voxels and interpolates between them", async (gpu) => {
  const x = line(gpu, Array.from({ length: 10 }, (_, i) => i * i));
  const [y] = await readAll([x], [lowResolution(x, [[1, 7]])]);
  assertClose(y, [0, 2.2, 5.25, 8.75, 19.4, 28.85, 36.65, 45.75, 63.4, 81], 1e-5);
});

gpuTest(
  "gaussianNoise() has its deviation, follows from its seed, leaves padding 0",
  async (gpu) => {
    const x = gpu.featureMap(new Float32Array(5 * 4000), [1, 5, 40, 100]);
    const [a, again, b] = [3, 3, 4].map((seed) => gaussianNoise(x, { std: 0.1, seed }));
    const stored = await storedElements(a);
    assert.ok(stored.subarray(16000).every((value, i) => i % 4 === 0 || value === 0));
    const [first, second, third] = await readAll([x], [a, again, b]);
    assert.deepEqual(first, second);
    assert.notDeepEqual(first, third);
    for (let c = 0; c < 5; c++) {
      const noise = first.subarray(4000 * c, 4000 * (c + 1));
      const mean = noise.reduce((sum, v) => sum + v, 0) / 4000;
      const deviation = Math.sqrt(noise.reduce((sum, v) => sum + v * v, 0) / 4000);
      assert.ok(
        Math.abs(mean) < 0.008 && Math.abs(deviation - 0.1) < 0.006,
        `${mean} ${deviation}`,
      );
    }
  },
);

gpuTest("mirror() reverses feature maps and labels along the named axes", async (gpu) => {
  const values = Array.from({ length: 24 }, (_, i) => i);
  const [x, labels] = [
    gpu.featureMap(values, [1, 1, 2, 3, 4]),
    gpu.tensor(values, [1, 1, 2, 3, 4]),
  ];
  const [a, b] = await readAll([x, labels], [mirror(x, [0, 2]), mirror(labels, [0, 2])]);
  assert.deepEqual([...a.subarray(0, 8)], [15, 14, 13, 12, 19, 18, 17, 16]);
  assert.deepEqual(a, b);
  const flat = gpu.tensor([1, 2, 3, 4, 5, 6], [1, 1, 2, 3]);
  const [rows] = await readAll([flat], [mirror(flat, [0])]);
  assert.deepEqual([...rows], [4, 5, 6, 1, 2, 3]);
});

gpuTest("maskOutside() and replaceLabel() act where the label is -1", async (gpu) => {
  const x = gpu.featureMap([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 1, 2]);
  const labels = gpu.tensor([-1, 0, 2, -1, -1, 7, 7, 7], [2, 2, 1, 2]);
  const [masked, replaced] = await readAll([x, labels], [
    maskOutside(x, labels, [false, true]),
    replaceLabel(labels, -1, 0),
  ]);
  assert.deepEqual([...masked], [1, 2, 0, 4, 5, 6, 0, 8]);
  assert.deepEqual([...replaced], [0, 0, 2, 0, 0, 7, 7, 7]);
});
