import assert from "node:assert/strict";
import type { Gpu } from "../../engine/gpu.ts";
import { concatenate } from "../../engine/ops/concatenate.ts";
import { downsampleLabels } from "../../engine/ops/downsample_labels.ts";
import { patchGeometry } from "../../nnunet/augmentation/initial_patch.ts";
import { trainingTransforms } from "../../nnunet/augmentation/training_transforms.ts";
import { augment, type Sample } from "../../nnunet/augmentation/transform.ts";
import { SeededRandom } from "../../nnunet/numerics/random_source.ts";
import { roundHalfEven } from "../../nnunet/numerics/rounding.ts";
import { readGoldenJson, readSafetensors, reportWorst } from "../support/golden.ts";
import { goldenGpuTest } from "../support/golden_gpu.ts";
import { testGpu } from "../support/gpu_test.ts";

const RUNS = 200;
const SEED = 1;

goldenGpuTest("augmentation", "the whole pipeline, statistics over many runs", async () => {
  const gpu = testGpu();
  const json = readGoldenJson("augmentation", "statistics.json");
  const arrays = readSafetensors("augmentation", "statistics.safetensors");
  const [image, labels] = ["input/image", "input/segmentation"].map((key) => arrays.get(key)!);
  const sample: Sample = {
    image: gpu.featureMap(image.data, [1, ...image.shape]),
    labels: gpu.tensor(labels.data, [1, ...labels.shape]),
  };
  const columns: string[] = json.columns_of_per_run;
  const expected = arrays.get("per_run")!;
  const runs = await augmentedRuns(gpu, sample, json);
  for (const tensor of Object.values(sample)) tensor.dispose();

  const reached = runs.map((run) => columns.map((column) => run[column]));
  const worst = { mean: 0, distribution: 0 };
  columns.forEach((column, c) => {
    const ours = reached.map((row) => row[c]);
    const theirs = Array.from(
      { length: expected.shape[0] },
      (_, row) => expected.data[row * columns.length + c],
    );
    const { mean, standard_error_of_mean: error } = json.statistics[column];
    const difference = Math.abs(average(ours) - mean) /
      Math.sqrt(error ** 2 + variance(ours) / ours.length);
    const distance = kolmogorovSmirnov(ours, theirs);
    worst.mean = Math.max(worst.mean, difference);
    worst.distribution = Math.max(worst.distribution, distance);
    assert.ok(difference <= 4, `${column}: mean ${average(ours)}, expected ${mean}`);
    assert.ok(distance <= 1, `${column}: another distribution`);
  });
  reportWorst("augmentation", "mean of a statistic, in standard errors", worst.mean, 4);
  reportWorst(
    "augmentation",
    "Kolmogorov-Smirnov, of the limit for p 0.001",
    worst.distribution,
    1,
  );
});

/** Statistics by column of every run. */
async function augmentedRuns(
  gpu: Gpu,
  sample: Sample,
  // deno-lint-ignore no-explicit-any
  { patch_size: patchSize, deep_supervision_scales: scales }: any,
): Promise<Record<string, number>[]> {
  const channels = sample.image.shape[1];
  const transforms = trainingTransforms({
    patchSize,
    geometry: patchGeometry(patchSize),
    useMaskForNorm: Array(channels).fill(false),
  });
  const joined = gpu.scope(() => {
    const samples = Array.from(
      { length: RUNS },
      (_, run) => augment(sample, transforms, new SeededRandom(SEED, run)),
    );
    const level1 = patchSize.map((n: number, axis: number) => roundHalfEven(n * scales[1][axis]));
    return {
      image: concatenate(samples.map(({ image }) => image)),
      labels: concatenate(samples.map(({ labels }) => labels)),
      level1: concatenate(samples.map(({ labels }) => downsampleLabels(labels, level1))),
    };
  });
  const image = await joined.image.read();
  const labels = await joined.labels.read();
  const level1 = await joined.level1.read();
  for (const tensor of Object.values(joined)) tensor.dispose();

  const part = (values: Float32Array, count: number, index: number) =>
    values.subarray(index * values.length / count, (index + 1) * values.length / count);
  return Array.from({ length: RUNS }, (_, run) => {
    const row: Record<string, number> = {};
    for (let c = 0; c < channels; c++) {
      const values = part(image, RUNS * channels, run * channels + c);
      for (const [name, value] of Object.entries(channelStatistics(values, patchSize.at(-1)))) {
        row[`image${c}_${name}`] = value;
      }
    }
    for (const label of [0, 1, 2]) {
      row[`label${label}_fraction`] = fraction(part(labels, RUNS, run), label);
    }
    row.label1_fraction_level1 = fraction(part(level1, RUNS, run), 1);
    return row;
  });
}

function channelStatistics(values: Float32Array, width: number): Record<string, number> {
  const sorted = values.toSorted();
  const steps: number[] = [];
  for (let i = 1; i < values.length; i++) {
    if (i % width) steps.push(Math.abs(values[i] - values[i - 1]));
  }
  const statistics: Record<string, number> = {
    mean: average(values),
    std: Math.sqrt(variance(values)),
    min: sorted[0],
    max: sorted.at(-1)!,
    fraction_zero: fraction(values, 0),
    total_variation: average(steps),
  };
  for (const percent of ["05", "25", "50", "75", "95"]) {
    const position = (sorted.length - 1) * Number(percent) / 100;
    const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
    statistics[`quantile${percent}`] = low + (position % 1) * (high - low);
  }
  return statistics;
}

function fraction(values: Float32Array, wanted: number): number {
  return values.reduce((count, value) => count + Number(value === wanted), 0) / values.length;
}

function average(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: ArrayLike<number>): number {
  const mean = average(values);
  return Array.from(values).reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
}

/** Largest distance of two distributions, in units of what happens by chance once in 1000 times. */
function kolmogorovSmirnov(a: number[], b: number[]): number {
  // Runs that nothing happened to are equal up to rounding; they must count as equal.
  const scale = Math.max(...b.map(Math.abs)) * 1e-5 || 1;
  const [x, y] = [a, b].map((values) =>
    values.map((value) => Math.round(value / scale)).sort((p, q) => p - q)
  );
  let distance = 0;
  let [i, j] = [0, 0];
  while (i < x.length && j < y.length) {
    const value = Math.min(x[i], y[j]);
    while (x[i] === value) i++;
    while (y[j] === value) j++;
    distance = Math.max(distance, Math.abs(i / x.length - j / y.length));
  }
  const byChance = Math.sqrt(-Math.log(0.001 / 2) / 2 * (1 / x.length + 1 / y.length));
  return distance / byChance;
}
