import assert from "node:assert/strict";
import {
  evaluatedClasses,
  evaluateFolder,
  evaluateFolderSimple,
  writeSummary,
} from "../../../nnunet/evaluation/evaluate_folder.ts";
import { parseSummary } from "../../../nnunet/evaluation/summary.ts";
import { writeSeg } from "../../../nnunet/imageio/mod.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";
import type { DatasetJson } from "../../../nnunet/dataset.ts";

const DATASET: DatasetJson = {
  channel_names: { "0": "MRI" },
  labels: { background: 0, a: 1, b: 2 },
  numTraining: 2,
  file_ending: ".nii.gz",
};

async function put(store: MemoryStore, path: string, labels: number[]): Promise<void> {
  const stuff = { spacing: [1, 1, 1], origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  const shape: [number, number, number] = [1, 2, labels.length / 2];
  const properties = { spacing: [1, 1, 1], sitk_stuff: stuff };
  await writeSeg(store, "SimpleITKIO", path, Uint8Array.from(labels), shape, properties);
}

async function twoCases(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await put(store, "gt/x.nii.gz", [0, 1, 1, 2]);
  await put(store, "gt/y.nii.gz", [0, 1, 1, 2]);
  await put(store, "pred/x.nii.gz", [0, 1, 1, 2]);
  await put(store, "pred/y.nii.gz", [0, 0, 1, 2]);
  return store;
}

Deno.test("evaluateFolder() compares files of the same name and reports its progress", async () => {
  const store = await twoCases();
  const done: number[] = [];
  const summary = await evaluateFolder(store, "gt", "pred/", {
    datasetJson: DATASET,
    onProgress: (progress) => done.push(progress.done),
  });
  assert.deepEqual(done, [0, 1, 2]);
  assert.equal(summary.mean["1"].Dice, (1 + 2 / 3) / 2);
  assert.deepEqual(
    summary.metric_per_case.map(({ prediction_file }) => prediction_file),
    ["pred/x.nii.gz", "pred/y.nii.gz"],
  );
  await writeSummary(store, "pred/summary.json", summary);
  const text = new TextDecoder().decode(await store.read("pred/summary.json"));
  assert.deepEqual(parseSummary(text, "pred/summary.json"), summary);
});

Deno.test("evaluateFolder() names what is missing, unless it is to take it easy", async () => {
  const store = await twoCases();
  await store.remove("pred/x.nii.gz");
  const options = { datasetJson: DATASET };
  await assert.rejects(evaluateFolder(store, "gt", "pred", options), /the first is "x.nii.gz"/);
  const summary = await evaluateFolder(store, "gt", "pred", { ...options, chill: true });
  assert.equal(summary.metric_per_case.length, 1);
  await assert.rejects(
    evaluateFolder(store, "gt", "nowhere", { ...options, chill: true }),
    /there are no predictions ending in .nii.gz/,
  );
});

Deno.test("evaluateFolder() refuses a prediction without reference or of another shape", async () => {
  const store = await twoCases();
  await put(store, "pred/y.nii.gz", [0, 0, 1, 2, 0, 0]);
  const evaluate = () => evaluateFolder(store, "gt", "pred", { datasetJson: DATASET });
  await assert.rejects(evaluate, /"y.nii.gz" has 1 × 2 × 3 voxels, its reference 1 × 2 × 2/);
  await put(store, "pred/z.nii.gz", [0, 0]);
  await assert.rejects(evaluate, /"z.nii.gz" has no reference/);
});

Deno.test("evaluateFolderSimple() takes the labels it is given", async () => {
  const store = await twoCases();
  const summary = await evaluateFolderSimple(store, "gt", "pred", { labels: [2], ignoreLabel: 1 });
  assert.equal(summary.foreground_mean.Dice, 1);
  assert.equal(summary.mean["2"].TN, 1);
  await assert.rejects(
    evaluateFolderSimple(store, "none", "pred", { labels: [1] }),
    /no reference/,
  );
});

Deno.test("evaluatedClasses() keeps regions as they are declared", () => {
  const labels = { background: 0, whole: [1, 2, 3], core: [3], inner: 2, ignore: 4 };
  const regions = { ...DATASET, labels, regions_class_order: [1, 3, 2] };
  assert.deepEqual(evaluatedClasses(regions), [[1, 2, 3], [3], 2]);
  assert.deepEqual(evaluatedClasses(DATASET), [1, 2]);
});
