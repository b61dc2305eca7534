import assert from "node:assert/strict";
import { convertMsdDataset, convertOldDataset, movePlans } from "../../../nnunet/conversion/mod.ts";
import { DataError } from "../../../nnunet/errors.ts";
import { writeItkFile } from "../../../nnunet/imageio/itk_file.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";

const FOLDERS = { raw: "raw", preprocessed: "preprocessed" };

/** The v1 tutorial's file: blanks in label names, label 0 with a name of its own. */
const OLD_JSON = {
  name: "Brain",
  tensorImageSize: "3D",
  modality: { "0": "MRI" },
  labels: { "0": "Non Brain", "1": "Brain " },
  numTraining: 2,
  numTest: 0,
  training: [],
  test: [],
};

async function image(store: MemoryStore, path: string, channels = 1): Promise<void> {
  const n = channels > 1 ? 4 : 3;
  await writeItkFile(store, path, {
    size: [2, 3, 4, channels].slice(0, n),
    spacing: [1, 1, 2, 1].slice(0, n),
    origin: [0, 0, 0, 0].slice(0, n),
    direction: Array.from({ length: n * n }, (_, i) => i % (n + 1) === 0 ? 1 : 0),
    components: 1,
    voxels: Int16Array.from({ length: 24 * channels }, (_, i) => i),
  });
}

async function oldTask(json: object, imageNames: string[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.write("Task501_Brain/dataset.json", JSON.stringify(json));
  for (const name of imageNames) await image(store, `Task501_Brain/imagesTr/${name}.nii.gz`);
  for (const name of ["a", "b_0007"]) {
    await image(store, `Task501_Brain/labelsTr/${name}.nii.gz`);
  }
  return store;
}

Deno.test("convertOldDataset() makes the v1 tutorial's dataset usable", async () => {
  // "b_0007" ends in four digits but is a case, as its label shows.
  const store = await oldTask(OLD_JSON, ["a", "b_0007"]);
  const made = await convertOldDataset(store, FOLDERS, "Task501_Brain/", "Dataset501_Brain");
  assert.deepEqual(made.renamedLabels, [
    { from: "Non Brain", to: "background", value: 0 },
    { from: "Brain ", to: "Brain", value: 1 },
  ]);
  assert.equal(made.files, 4);
  const names = (await store.list("raw/Dataset501_Brain/imagesTr")).map((e) => e.name);
  assert.deepEqual(names, ["a_0000.nii.gz", "b_0007_0000.nii.gz"]);
  const text = new TextDecoder().decode(await store.read("raw/Dataset501_Brain/dataset.json"));
  assert.deepEqual(JSON.parse(text), {
    name: "Brain",
    labels: { background: 0, Brain: 1 },
    numTraining: 2,
    channel_names: { "0": "MRI" },
    file_ending: ".nii.gz",
  });
});

Deno.test("convertOldDataset() leaves numbered images as they are", async () => {
  const store = await oldTask(OLD_JSON, ["a_0000", "b_0007_0000"]);
  await convertOldDataset(store, FOLDERS, "Task501_Brain", "Dataset501_Brain");
  const names = (await store.list("raw/Dataset501_Brain/imagesTr")).map((e) => e.name);
  assert.deepEqual(names, ["a_0000.nii.gz", "b_0007_0000.nii.gz"]);
});

Deno.test("convertOldDataset() refuses what it cannot name, and says what to do", async () => {
  const two = { ...OLD_JSON, modality: { "0": "T1", "1": "T2" } };
  const convert = (store: MemoryStore, name = "Dataset501_Brain") =>
    convertOldDataset(store, FOLDERS, "Task501_Brain", name);
  await assert.rejects(convert(await oldTask(two, ["a", "b_0007"])), /carry no channel numbers/);
  const { test: _, ...incomplete } = OLD_JSON;
  await assert.rejects(convert(await oldTask(incomplete, ["a"])), {
    message: 'Cannot convert "Task501_Brain/dataset.json": the key "test" is missing, add it there',
  });
  await assert.rejects(convert(await oldTask(OLD_JSON, ["a"]), "../x"), /not of the form/);
  const broken = await oldTask(OLD_JSON, ["a"]);
  await broken.write("Task501_Brain/dataset.json", "{");
  await assert.rejects(convert(broken), DataError);
  await assert.rejects(convert(new MemoryStore()), /it has no imagesTr/);
});

Deno.test("convertMsdDataset() leaves nothing behind when an image is damaged", async () => {
  const store = new MemoryStore();
  const json = { ...OLD_JSON, modality: { "0": "T2", "1": "ADC" } };
  await store.write("Task05_Prostate/dataset.json", JSON.stringify(json));
  await image(store, "Task05_Prostate/labelsTr/a.nii.gz");
  await image(store, "Task05_Prostate/imagesTs/c.nii.gz", 2);
  await image(store, "Task05_Prostate/imagesTr/a.nii.gz", 2);
  const whole = await store.read("Task05_Prostate/imagesTr/a.nii.gz");
  await store.write("Task05_Prostate/imagesTr/b.nii.gz", whole.slice(0, -30));
  await assert.rejects(
    convertMsdDataset(store, FOLDERS, "Task05_Prostate"),
    /Cannot read "Task05_Prostate\/imagesTr\/b.nii.gz"/,
  );
  assert.deepEqual(await store.list("raw"), []);

  await store.write("Task05_Prostate/imagesTr/b.nii.gz", whole);
  const progress: number[] = [];
  const made = await convertMsdDataset(store, FOLDERS, "Task05_Prostate", {
    onProgress: ({ done, total }) => progress.push(done / total),
  });
  assert.equal(made.datasetName, "Dataset005_Prostate");
  assert.equal(progress.at(-1), 1);
  assert.equal((await store.list("raw/Dataset005_Prostate/imagesTr")).length, 4);
  await assert.rejects(
    convertMsdDataset(store, FOLDERS, "Task05_Prostate"),
    /"raw\/Dataset005_Prostate" has this id/,
  );
});

Deno.test("movePlans() writes all other numbers as they were", async () => {
  const store = new MemoryStore();
  const plans = (name: string, dataset: string) =>
    `{
    "dataset_name": "${dataset}",
    "plans_name": "${name}",
    "original_median_spacing_after_transp": [
        5.0,
        0.76,
        1e-05
    ],
    "image_reader_writer": "NibabelIO",
    "configurations": {
        "2d": {
            "data_identifier": "${name}_2d",
            "batch_size": 12
        }
    },
    "transpose_forward": [
        0,
        1,
        2
    ],
    "transpose_backward": [
        0,
        1,
        2
    ]
}`;
  const before = plans("nnUNetPlans", "Dataset001_A");
  await store.write("preprocessed/Dataset001_A/nnUNetPlans.json", before);
  await store.write(
    "raw/Dataset002_B/dataset.json",
    '{"channel_names": {"0": "CT"}, "labels": {"background": 0}, "numTraining": 1, "file_ending": ".nii"}',
  );
  const request = {
    source: "Dataset001_A",
    target: "Dataset002_B",
    sourcePlans: "nnUNetPlans",
    targetPlans: "Moved",
  };
  await assert.rejects(movePlans(store, FOLDERS, request), /no training image/);
  await image(store, "raw/Dataset002_B/imagesTr/a_0000.nii");
  const path = await movePlans(store, FOLDERS, request);
  const after = plans("Moved", "Dataset002_B").replace("NibabelIO", "SimpleITKIO");
  assert.equal(new TextDecoder().decode(await store.read(path)), after);
});
