import assert from "node:assert/strict";
import { summarizePlans } from "../../cli/plan_summary.ts";
import type { DatasetJson } from "../../nnunet/dataset.ts";
import { planExperiment } from "../../nnunet/planning/plan_experiment.ts";

const intensities = {
  max: 300,
  mean: 100,
  median: 100,
  min: 0,
  percentile_00_5: 1,
  percentile_99_5: 200,
  std: 20,
};

Deno.test("the summary of plans says what was found, what was chosen and what to type next", () => {
  const json: DatasetJson = {
    channel_names: { 0: "MRI" },
    labels: { background: 0, Anterior: 1, Posterior: 2 },
    numTraining: 3,
    file_ending: ".nii.gz",
  };
  const fingerprint = {
    foreground_intensity_properties_per_channel: { 0: intensities },
    median_relative_size_after_cropping: 1,
    shapes_after_crop: [[35, 50, 33], [36, 51, 35], [40, 48, 36]],
    spacings: [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
  };
  const plans = planExperiment(json, fingerprint, {
    datasetName: "Dataset004_Hippocampus",
    imageReaderWriter: "SimpleITKIO",
  });
  const text = summarizePlans(json, fingerprint, plans, "plans.json").join("\n");
  for (
    const words of [
      "3 cases, labels background, Anterior, Posterior",
      "36 × 50 × 35 (35 × 48 × 33 to 40 × 51 × 36) voxels, 1 × 1 × 1 mm",
      '"MRI" is normalised each image by its own mean',
      "3d_fullres: patch 40 × 56 × 40 (covers the median image), batch of 2",
      "PlainConvUNet with 4 stages, 32 to 256 features",
      "No 3d_lowres",
      "train Dataset004_Hippocampus 3d_fullres 0",
    ]
  ) {
    assert.ok(text.includes(words), `"${words}" is in\n${text}`);
  }
});
