import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { Predictor } from "../../nnunet/inference/predictor.ts";
import { DenoStore } from "../../cli/deno_store.ts";
import { readImages, readSeg } from "../../nnunet/imageio/mod.ts";
import {
  GOLDEN,
  goldenNames,
  goldenPath,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";
import { goldenGpuTest } from "../support/golden_gpu.ts";
import { testGpu } from "../support/gpu_test.ts";

const PART = "hippocampus";
const IMAGES = `${GOLDEN}/../data/Task04_Hippocampus/imagesTr`;
const MODELS = goldenNames(PART, "model");
/** Of a prediction folder's cases, how many are segmented from the image on; the machine is small. */
const CASES_WITH_IMAGE = 3;

/** Folders of predictions by nnU-Net with float32 sums, e.g. `2d_folds_0_1/f32`. */
for (const name of goldenNames(PART, "predictions")) {
  const match = /^(.*)_folds?_([\d_]+?)(_no_mirroring)?$/.exec(name);
  if (!match) continue;
  const [, configuration, folds, plain] = match;
  const model = MODELS.find((model) => model.endsWith(`__${configuration}`));
  if (!model) continue;

  goldenGpuTest(PART, `${name}: logits and label maps`, async () => {
    const store = new DenoStore();
    const predictor = await Predictor.open(testGpu(), store, goldenPath(PART, "model", model), {
      folds: folds.split("_").map(Number),
      mirroring: !plain,
    });
    const folder = goldenPath(PART, "predictions", name, "f32");
    let worst = 0;
    for (const file of goldenNames(PART, "predictions", name, "f32")) {
      if (!file.endsWith(".safetensors")) continue;
      const tensors = readSafetensors(PART, "predictions", name, "f32", file);
      const { data, shape } = tensors.get("data")!;
      const expected = tensors.get("logits")!;
      const logits = await predictor.logits(data as Float32Array, shape);
      logits.forEach((logit, i) => worst = Math.max(worst, Math.abs(logit - expected.data[i])));
    }
    reportWorst(name, "logit deviation", worst, 1e-3);
    assert.ok(worst <= 1e-3);

    const cases = goldenNames(PART, "predictions", name, "f32").filter((file) =>
      file.endsWith(".nii.gz") && existsSync(`${IMAGES}/${file}`)
    );
    let differing = 0;
    let voxels = 0;
    for (const file of cases.slice(0, CASES_WITH_IMAGE)) {
      const image = await readImages(store, "SimpleITKIO", [`${IMAGES}/${file}`]);
      const { labels } = await predictor.predict(image);
      const expected = await readSeg(store, "SimpleITKIO", `${folder}/${file}`);
      labels.forEach((label, i) => differing += Number(label !== expected.data[i]));
      voxels += labels.length;
    }
    if (voxels) reportWorst(name, "share of differing voxels", differing / voxels, 1e-4);
    assert.ok(differing <= 1e-4 * voxels);
    predictor.dispose();
  });
}
