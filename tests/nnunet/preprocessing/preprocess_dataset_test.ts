import assert from "node:assert/strict";
import { type CaseFiles, type DatasetJson, discoverCases } from "../../../nnunet/dataset.ts";
import { DataError } from "../../../nnunet/errors.ts";
import { writeSeg } from "../../../nnunet/imageio/mod.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";
import { planExperiment } from "../../../nnunet/planning/plan_experiment.ts";
import type { Plans } from "../../../nnunet/plans.ts";
import {
  copyReferenceSegmentations,
  preprocessDataset,
  type PreprocessDatasetOptions,
} from "../../../nnunet/preprocessing/preprocess_dataset.ts";
import { PreprocessedCase } from "../../../nnunet/preprocessing/preprocessed_case.ts";

type Shape = [number, number, number];

const SHAPE: Shape = [6, 7, 8];
const TARGET = "preprocessed/nnUNetPlans_3d_fullres";
const JSON_FILE: DatasetJson = {
  channel_names: { "0": "T1", "1": "T2" },
  labels: { background: 0, a: 1 },
  numTraining: 3,
  file_ending: ".nii.gz",
};

/** A raw dataset of three cases in memory, and its plans. */
class Dataset {
  readonly store = new MemoryStore();
  cases: CaseFiles[] = [];
  readonly plans: Plans = planExperiment(JSON_FILE, {
    foreground_intensity_properties_per_channel: {},
    median_relative_size_after_cropping: 1,
    shapes_after_crop: [SHAPE],
    spacings: [[1, 1, 1]],
  }, { datasetName: "Dataset001_Test", imageReaderWriter: "SimpleITKIO" });

  static async make(): Promise<Dataset> {
    const dataset = new Dataset();
    for (const identifier of ["a", "b", "c"]) {
      for (const channel of ["0000", "0001"]) {
        await dataset.write(`raw/imagesTr/${identifier}_${channel}.nii.gz`, (i) => 1 + i % 50);
      }
      await dataset.write(`raw/labelsTr/${identifier}.nii.gz`, (i) => i % 2);
    }
    dataset.cases = await discoverCases(dataset.store, "raw", JSON_FILE);
    return dataset;
  }

  async write(path: string, value: (i: number) => number, shape = SHAPE): Promise<void> {
    const spacing = [1, 1, 1];
    const direction = [1, 0, 0, 0, 1, 0, 0, 0, 1];
    const labels = Uint8Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => value(i));
    await writeSeg(this.store, "SimpleITKIO", path, labels, shape, {
      spacing,
      sitk_stuff: { spacing, origin: [0, 0, 0], direction },
    });
  }

  async run(
    { cases = this.cases, plans = this.plans } = {},
    options: PreprocessDatasetOptions = {},
  ): Promise<{ preprocessed: number; kept: number }> {
    const input = { json: JSON_FILE, cases, plans, configurationName: "3d_fullres" };
    return await preprocessDataset(this.store, { ...input, folder: "preprocessed" }, options);
  }

  async files(): Promise<string[]> {
    return (await this.store.list(TARGET)).map(({ name }) => name);
  }
}

Deno.test("preprocessDataset() writes every case and reports each", async () => {
  const dataset = await Dataset.make();
  const seen: string[] = [];
  const onProgress: PreprocessDatasetOptions["onProgress"] = ({ done, total, message }) =>
    seen.push(`${done}/${total} ${message ?? ""}`);
  assert.deepEqual(await dataset.run({}, { onProgress, parallel: 1 }), {
    preprocessed: 3,
    kept: 0,
  });
  assert.deepEqual(seen, ["0/3 ", "1/3 a", "2/3 b", "3/3 c"]);
  assert.deepEqual(await dataset.files(), ["a", "b", "c"].flatMap((c) => [`${c}.npz`, `${c}.pkl`]));
  const opened = await PreprocessedCase.open(dataset.store, TARGET, "b");
  assert.deepEqual(opened.shape, [2, ...SHAPE]);
  assert.equal(opened.properties.class_locations![0].coordinates.length, 4 * 168);
});

Deno.test("preprocessDataset() continues, redoes what changed and removes what is gone", async () => {
  const dataset = await Dataset.make();
  const { store, cases, plans } = dataset;
  const counts = (preprocessed: number, kept: number) => ({ preprocessed, kept });
  assert.deepEqual(await dataset.run({ cases: cases.slice(0, 2) }), counts(2, 0));
  assert.deepEqual(await dataset.run(), counts(1, 2));

  for (const name of ["a.npz", "a.pkl"]) {
    await store.remove(`${TARGET}/${name}`);
    assert.deepEqual(await dataset.run(), counts(1, 2));
  }

  // Of another size, so that the change shows within one tick of the clock.
  await dataset.write("raw/labelsTr/b.nii.gz", (i) => (i * i * 7) % 11 > 5 ? 1 : 0);
  assert.deepEqual(await dataset.run(), counts(1, 2));

  assert.deepEqual(await dataset.run({ cases: cases.slice(1) }), counts(0, 2));
  assert.equal((await dataset.files()).length, 4);

  const other = structuredClone(plans);
  other.configurations["3d_fullres"].use_mask_for_norm = [true, true];
  assert.deepEqual(await dataset.run({ plans: other }), counts(3, 0));
});

Deno.test("preprocessDataset() removes what nnU-Net unpacked of a case that is redone", async () => {
  const dataset = await Dataset.make();
  await dataset.run();
  const unpacked = ["a", "b"].flatMap((c) => [`${c}.npy`, `${c}_seg.npy`]);
  for (const name of unpacked) await dataset.store.write(`${TARGET}/${name}`, "");
  await dataset.write("raw/labelsTr/a.nii.gz", (i) => (i * i * 7) % 11 > 5 ? 1 : 0);
  await dataset.run();
  const left = (await dataset.files()).filter((name) => name.endsWith(".npy"));
  assert.deepEqual(left, ["b.npy", "b_seg.npy"]);
});

Deno.test("preprocessDataset() stops at the signal and keeps what was done", async () => {
  const dataset = await Dataset.make();
  const stop = new AbortController();
  const onProgress: PreprocessDatasetOptions["onProgress"] = ({ done }) => {
    if (done === 1) stop.abort(new Error("stop"));
  };
  const options = { onProgress, signal: stop.signal, parallel: 1 };
  await assert.rejects(dataset.run({}, options), { message: "stop" });
  assert.deepEqual(await dataset.run(), { preprocessed: 2, kept: 1 });
});

Deno.test("preprocessDataset() never has more cases at work than memory allows", async () => {
  const dataset = await Dataset.make();
  let atWork = 0, most = 0;
  const runCase = async (): Promise<void> => {
    most = Math.max(most, ++atWork);
    await Promise.resolve();
    atWork--;
  };
  await dataset.run({}, { runCase, parallel: 3 });
  assert.equal(most, 3);
  most = 0;
  await dataset.run({}, { runCase, parallel: 3, maxBytes: 1 });
  assert.equal(most, 1);
});

Deno.test("preprocessDataset() names the file of a bad case and what to do", async () => {
  const refused = async (spoil: (dataset: Dataset) => Promise<void>, message: RegExp) => {
    const dataset = await Dataset.make();
    await spoil(dataset);
    dataset.cases = await discoverCases(dataset.store, "raw", JSON_FILE);
    await assert.rejects(dataset.run(), (error) => {
      assert.ok(error instanceof DataError);
      assert.match(error.message, message);
      return true;
    });
    assert.ok(!(await dataset.files()).includes("b.npz"));
  };
  await refused(
    (dataset) => dataset.store.remove("raw/imagesTr/b_0001.nii.gz"),
    /"b".*1 channels.*"raw\/imagesTr\/b_0001.nii.gz" is missing/,
  );
  await refused(
    (dataset) => dataset.store.remove("raw/labelsTr/b.nii.gz"),
    /raw\/labelsTr\/b.nii.gz/,
  );
  await refused(
    (dataset) => dataset.write("raw/labelsTr/b.nii.gz", (i) => i < 5 ? 7 : 0),
    /labelsTr\/b.nii.gz.*value 7 \(5 voxels\).*\(0, 1\)/,
  );
  await refused(
    (dataset) => dataset.write("raw/labelsTr/b.nii.gz", () => 0, [6, 8, 7]),
    /labelsTr\/b.nii.gz.*6 x 8 x 7.*6 x 7 x 8/,
  );
});

Deno.test("copyReferenceSegmentations() copies label maps, and again when they change", async () => {
  const dataset = await Dataset.make();
  const { store, cases } = dataset;
  const copy = () =>
    copyReferenceSegmentations(store, { json: JSON_FILE, cases, folder: "preprocessed" });
  const target = "preprocessed/gt_segmentations/a.nii.gz";
  await copy();
  assert.deepEqual(await store.read(target), await store.read("raw/labelsTr/a.nii.gz"));
  await dataset.write("raw/labelsTr/a.nii.gz", () => 1);
  await copy();
  assert.deepEqual(await store.read(target), await store.read("raw/labelsTr/a.nii.gz"));
});
