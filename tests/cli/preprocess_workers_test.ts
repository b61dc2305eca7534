import assert from "node:assert/strict";
import { join } from "node:path";
import { DenoStore } from "../../cli/deno_store.ts";
import { PreprocessWorkers } from "../../cli/preprocess_workers.ts";
import { discoverCases, parseDatasetJson } from "../../nnunet/dataset.ts";
import { planExperiment } from "../../nnunet/planning/plan_experiment.ts";
import { preprocessTrainingCase } from "../../nnunet/preprocessing/preprocess_training_case.ts";

const RAW = join(import.meta.dirname!, "../../examples/hippocampus/Dataset004_Hippocampus");

Deno.test("a worker writes what this thread would write, and hands back its failures", async () => {
  const folder = await Deno.makeTempDir();
  const workers = new PreprocessWorkers();
  try {
    const store = new DenoStore();
    const json = parseDatasetJson(await Deno.readTextFile(`${RAW}/dataset.json`), "dataset.json");
    const [first, second] = await discoverCases(store, RAW, json);
    const plans = planExperiment(json, {
      foreground_intensity_properties_per_channel: {},
      median_relative_size_after_cropping: 1,
      shapes_after_crop: [[36, 50, 35]],
      spacings: [[1, 1, 1]],
    }, { datasetName: "Dataset004_Hippocampus", imageReaderWriter: "SimpleITKIO" });
    const job = { json, plans, configurationName: "3d_fullres" };
    const [here, there] = [`${folder}/here`, `${folder}/there`];

    await preprocessTrainingCase(store, { ...job, files: first, target: here });
    await Promise.all(
      [first, second].map((files) => workers.run({ ...job, files, target: there })),
    );
    const name = `${first.identifier}.npz`;
    assert.deepEqual(await store.read(`${there}/${name}`), await store.read(`${here}/${name}`));

    const broken = { ...first, label: `${folder}/missing.nii.gz` };
    await assert.rejects(workers.run({ ...job, files: broken, target: there }), {
      name: "DataError",
      message: /missing\.nii\.gz/,
    });
    await workers.run({ ...job, files: second, target: there });
  } finally {
    workers.close();
    await Deno.remove(folder, { recursive: true });
  }
});
