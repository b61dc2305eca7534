import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDatasetJson } from "../../../nnunet/dataset.ts";
import { DataError } from "../../../nnunet/errors.ts";
import type { Fingerprint } from "../../../nnunet/fingerprint.ts";
import {
  planExperiment,
  type PlanExperimentOptions,
} from "../../../nnunet/planning/plan_experiment.ts";
import { PLANNERS } from "../../../nnunet/planning/planners.ts";
import {
  determineTranspose,
  fullresTargetSpacing,
} from "../../../nnunet/planning/target_spacing.ts";
import { getConfiguration, type Plans } from "../../../nnunet/plans.ts";

function fingerprint(spacings: number[][], shapes: number[][]): Fingerprint {
  return {
    spacings,
    shapes_after_crop: shapes,
    median_relative_size_after_cropping: 1,
    foreground_intensity_properties_per_channel: {},
  };
}

function plan(
  { cases, spacing, shape, channels = 1, labels }: {
    cases: number;
    spacing: number[];
    shape: number[];
    channels?: number;
    labels: number;
  },
  options: Partial<PlanExperimentOptions> = {},
) {
  const numbered = (n: number, value: (i: number) => unknown) =>
    Object.fromEntries(
      Array.from({ length: n }, (_, i) => [i === 0 ? "background" : `${i}x`, value(i)]),
    );
  const json = parseDatasetJson(
    JSON.stringify({
      channel_names: numbered(channels, () => "MRI"),
      labels: numbered(labels, (i) => i),
      numTraining: cases,
      file_ending: ".nii.gz",
    }),
    "dataset.json",
  );
  return planExperiment(
    json,
    fingerprint(Array(cases).fill(spacing), Array(cases).fill(shape)),
    { datasetName: "Dataset001_A", imageReaderWriter: "SimpleITKIO", ...options },
  );
}

const prostate = {
  cases: 32,
  spacing: [3.6, .625, .625],
  shape: [20, 320, 320],
  channels: 2,
  labels: 3,
};
const brain = { cases: 484, spacing: [1, 1, 1], shape: [138, 170, 138], channels: 4, labels: 4 };

Deno.test("planExperiment() shrinks the last of equally covered axes", () => {
  const { patch_size, batch_size } = getConfiguration(plan(prostate), "3d_fullres");
  assert.deepEqual([patch_size, batch_size], [[20, 320, 256], 2]);
});

Deno.test("planExperiment() plans the same network whatever the order of the axes", () => {
  const turned = plan({ ...prostate, spacing: [.625, .625, 3.6], shape: [320, 320, 20] });
  assert.deepEqual(turned.transpose_forward, [2, 0, 1]);
  assert.deepEqual(turned.transpose_backward, [1, 2, 0]);
  assert.deepEqual(turned.configurations, plan(prostate).configurations);
});

Deno.test("planExperiment() fills larger memory with larger patches and batches", () => {
  const sizes = (planner: string) => {
    const plans = plan(brain, { planner });
    return ["3d_fullres", "2d"].map((name) => {
      const { patch_size, batch_size } = getConfiguration(plans, name);
      return `${patch_size} x ${batch_size}`;
    });
  };
  assert.deepEqual(sizes("ExperimentPlanner"), ["128,128,128 x 2", "192,160 x 105"]);
  assert.deepEqual(sizes("nnUNetPlannerResEncM"), ["128,128,128 x 2", "192,160 x 107"]);
  assert.deepEqual(sizes("nnUNetPlannerResEncL"), ["160,192,160 x 3", "192,160 x 301"]);
});

Deno.test("planExperiment() adds a low resolution and a cascade to large images", () => {
  const plans = plan({
    cases: 131,
    spacing: [1, .7676, .7676],
    shape: [482, 512, 512],
    labels: 3,
  });
  assert.deepEqual(
    Object.keys(plans.configurations),
    ["2d", "3d_lowres", "3d_fullres", "3d_cascade_fullres"],
  );
  const lowres = getConfiguration(plans, "3d_lowres");
  assert.deepEqual(lowres.spacing.map((mm) => mm.toFixed(4)), ["2.5001", "1.9191", "1.9191"]);
  assert.deepEqual(lowres.median_image_size_in_voxels, [193, 205, 205]);
  assert.equal(lowres.batch_dice, false);
  const cascade = getConfiguration(plans, "3d_cascade_fullres");
  assert.deepEqual([cascade.previous_stage, cascade.batch_dice], ["3d_lowres", true]);
});

Deno.test("planExperiment() plans 2d alone for images of one slice", () => {
  const plans = plan({ cases: 100, spacing: [999, 1, 1], shape: [1, 1500, 1500], labels: 2 });
  assert.deepEqual(Object.keys(plans.configurations), ["2d"]);
  assert.deepEqual(plans.configurations["2d"].patch_size, [1280, 1024]);
});

Deno.test("planExperiment() gives each planner its plans name, data and resampling", () => {
  const seen = new Set<string>();
  for (const planner of Object.keys(PLANNERS)) {
    const plans = plan(prostate, { planner });
    assert.equal(plans.experiment_planner_used, planner);
    seen.add(plans.plans_name);
    const { data_identifier, resampling_fn_data } = getConfiguration(plans, "3d_fullres");
    const own = /torchres|noResampling/.test(planner) || planner === "ExperimentPlanner";
    assert.equal(data_identifier, `${own ? plans.plans_name : "nnUNetPlans"}_3d_fullres`);
    const expected = planner.includes("torchres")
      ? "resample_torch_fornnunet"
      : planner.includes("noResampling")
      ? "no_resampling_hack"
      : "resample_data_or_seg_to_shape";
    assert.equal(resampling_fn_data, expected);
  }
  assert.equal(seen.size, Object.keys(PLANNERS).length);
});

Deno.test("planExperiment() keeps configurations that a user added", () => {
  const existing = plan(brain);
  existing.configurations["3d_fullres"].batch_size = 77;
  existing.configurations.mine = { inherits_from: "3d_fullres", batch_size: 4 };
  const { configurations } = plan(brain, { existingPlans: existing });
  assert.deepEqual(Object.keys(configurations), ["2d", "3d_fullres", "mine"]);
  assert.equal(configurations["3d_fullres"].batch_size, 2);
  assert.equal(configurations.mine.batch_size, 4);
});

Deno.test("planExperiment() takes name, spacing and preprocessor from the options", () => {
  const plans = plan(brain, {
    plansName: "mine",
    overwriteTargetSpacing: [1, 2, 1],
    preprocessorName: "Other",
  });
  assert.equal(plans.plans_name, "mine");
  const fullres = getConfiguration(plans, "3d_fullres");
  assert.equal(fullres.data_identifier, "mine_3d_fullres");
  assert.equal(fullres.preprocessor_name, "Other");
  assert.deepEqual(plans.transpose_forward, [1, 0, 2]);
  assert.deepEqual(fullres.spacing, [2, 1, 1]);
});

Deno.test("planExperiment() says what it cannot plan for", () => {
  const wrong: [Partial<PlanExperimentOptions>, RegExp][] = [
    [
      { planner: "NoPlanner" },
      /"NoPlanner": there is no such planner, use one of ExperimentPlanner/,
    ],
    [{ gpuMemoryTargetInGb: 1e-6 }, /not even the smallest patch fits/],
    [{ gpuMemoryTargetInGb: 0 }, /must be a number above 0/],
    [{ overwriteTargetSpacing: [1, 1] }, /three numbers above 0/],
    [{ overwriteTargetSpacing: [1, 0, 1] }, /three numbers above 0/],
    [{ overwriteTargetSpacing: [1e4, 1, 1] }, /0 x 170 x 138 voxels/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(
      () => plan(brain, options),
      (error: Error) => error instanceof DataError && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => plan({ ...brain, spacing: [0, 1, 1] }), /has the spacing \[0,1,1\]/);
  assert.throws(() => plan({ ...brain, shape: [2, 1] }), /has the shape \[2,1\]/);
});

Deno.test("planExperiment() plans patches that the network can pool, or refuses", () => {
  const sizes = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 1, max: 700 })));
  const spacings = fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.3, max: 9, noNaN: true })));
  const memory = fc.double({ min: 0.5, max: 100, noNaN: true });
  const planners = fc.constantFrom(...Object.keys(PLANNERS));
  fc.assert(
    fc.property(
      sizes,
      spacings,
      memory,
      planners,
      (shape, spacing, gpuMemoryTargetInGb, planner) => {
        let plans: Plans;
        try {
          plans = plan({ cases: 9, spacing, shape, labels: 3 }, { gpuMemoryTargetInGb, planner });
        } catch (error) {
          assert.ok(error instanceof DataError);
          return;
        }
        for (const name of Object.keys(plans.configurations)) {
          const { patch_size, batch_size, architecture } = getConfiguration(plans, name);
          assert.ok(batch_size >= 2);
          patch_size.forEach((edge, axis) => {
            const divisor = architecture.arch_kwargs.strides.reduce((a, s) => a * s[axis], 1);
            assert.equal(edge % divisor, 0);
          });
        }
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("fullresTargetSpacing() refines a coarse axis of few slices", () => {
  const thick = Array.from({ length: 10 }, () => [5, 1, 1]);
  const target = (spacings: number[][], shape: number[]) =>
    fullresTargetSpacing(fingerprint(spacings, spacings.map(() => shape)));
  assert.deepEqual(target(thick, [20, 100, 100]), [5, 1, 1]);
  const mixed = thick.map((spacing, i) => i < 2 ? [.8, 1, 1] : spacing);
  assert.deepEqual(target(mixed, [20, 100, 100]), [1.00001, 1, 1]);
  // enough slices, or not more than three times as coarse: the median stays
  assert.deepEqual(target(mixed, [40, 100, 100]), [5, 1, 1]);
  assert.deepEqual(target(mixed.map((s) => s[0] === 5 ? [3, 1, 1] : s), [20, 100, 100]), [3, 1, 1]);
  assert.deepEqual(target([[1, 1, 2], [1, 1, 4], [1, 1, 6]], [100, 100, 20]), [1, 1, 2.4]);
});

Deno.test("determineTranspose() puts the coarsest axis first", () => {
  assert.deepEqual(determineTranspose([1, 1, 2.4]), { forward: [2, 0, 1], backward: [1, 2, 0] });
  assert.deepEqual(determineTranspose([1, 1, 1]), { forward: [0, 1, 2], backward: [0, 1, 2] });
});
