import assert from "node:assert/strict";
import { writePrediction } from "../../../nnunet/inference/write_prediction.ts";
import { readSeg } from "../../../nnunet/imageio/mod.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";
import { readNpz } from "../../../nnunet/npy.ts";
import { readCaseProperties } from "../../../nnunet/preprocessing/case_properties.ts";
import type { CaseProperties } from "../../../nnunet/preprocessing/preprocess_case.ts";

const PROPERTIES: CaseProperties = {
  spacing: [2, 1, 0.5],
  sitk_stuff: {
    spacing: [0.5, 1, 2],
    origin: [1, 2, 3],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  },
  shape_before_cropping: [1, 2, 3],
  bbox_used_for_cropping: [[0, 1], [0, 2], [0, 3]],
  shape_after_cropping_and_before_resampling: [1, 2, 3],
};
const FILE = { path: "out/a", fileEnding: ".nii.gz", reader: "SimpleITKIO" } as const;
const SEGMENTATION = {
  labels: Uint8Array.of(0, 1, 0, 0, 1, 1),
  shape: [1, 2, 3] as [number, number, number],
};

Deno.test("writePrediction() writes the label map in the image's geometry", async () => {
  const store = new MemoryStore();
  await writePrediction(store, FILE, SEGMENTATION, PROPERTIES);
  assert.deepEqual((await store.list("out")).map(({ name }) => name), ["a.nii.gz"]);
  const read = await readSeg(store, "SimpleITKIO", "out/a.nii.gz");
  assert.deepEqual([...read.data], [...SEGMENTATION.labels]);
  const { origin, spacing, direction } = read.properties.sitk_stuff!;
  assert.deepEqual({ origin, spacing }, { origin: [1, 2, 3], spacing: [0.5, 1, 2] });
  assert.ok(direction.every((cosine, i) => cosine === PROPERTIES.sitk_stuff!.direction[i]));
});

Deno.test("writePrediction() writes the values that the user's own label maps had", async () => {
  const store = new MemoryStore();
  const labelValues = new Map([[0, 0], [1, 255]]);
  await writePrediction(store, { ...FILE, labelValues }, SEGMENTATION, PROPERTIES);
  const read = await readSeg(store, "SimpleITKIO", "out/a.nii.gz");
  assert.deepEqual([...read.data], [0, 255, 0, 0, 255, 255]);
});

Deno.test("writePrediction() adds probabilities and properties, the same bytes each time", async () => {
  const probabilities = Float32Array.from({ length: 12 }, (_, i) => i / 12);
  const stores = [new MemoryStore(), new MemoryStore()];
  for (const store of stores) {
    await writePrediction(store, FILE, { ...SEGMENTATION, probabilities }, PROPERTIES);
  }
  const [store, again] = stores;
  const arrays = await readNpz(store, "out/a.npz");
  assert.deepEqual([...arrays.keys()], ["probabilities"]);
  const { dtype, shape, data } = arrays.get("probabilities")!;
  assert.deepEqual([dtype, shape, data], ["f4", [2, 1, 2, 3], probabilities]);
  assert.deepEqual(readCaseProperties(await store.read("out/a.pkl"), "out/a.pkl"), PROPERTIES);
  for (const ending of ["npz", "pkl", "nii.gz"]) {
    assert.deepEqual(await store.read(`out/a.${ending}`), await again.read(`out/a.${ending}`));
  }
});
