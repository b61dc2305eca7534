import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { patchGeometry } from "../../nnunet/augmentation/initial_patch.ts";
import type { LabelKey } from "../../nnunet/preprocessing/class_locations.ts";
import { forcedForeground, samplePatch } from "../../nnunet/training/patch_sampler.ts";
import { goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

interface BboxCase {
  index: number;
  shape: number[];
  final_patch_size: number[];
  loader_patch_size_3d: number[];
  force_fg: boolean;
  has_ignore_label: boolean;
  annotated_classes_key: LabelKey;
  class_locations: { key: LabelKey; voxels: number[][] }[];
  draws: { function: string; n?: number; low?: number; high_exclusive?: number; result: number }[];
  bbox_lower: number[];
  bbox_upper_exclusive: number[];
}

goldenTest("dataloading", "patch positions, every draw with its range", () => {
  const lines = readFileSync(goldenPath("dataloading", "bbox.jsonl"), "utf8").trim().split("\n");
  for (const line of lines) {
    const expected: BboxCase = JSON.parse(line);
    const draws = [...expected.draws];
    const name = `case ${expected.index}`;
    const recorded = {
      uniform: () => assert.fail(`${name}: uniform was not drawn`),
      integer(low: number, end: number) {
        const draw = draws.shift()!;
        assert.deepEqual([low, end], [draw.low ?? 0, draw.high_exclusive ?? draw.n], name);
        return draw.result;
      },
    };
    const loaderPatchSize = expected.loader_patch_size_3d;
    const lower = samplePatch(
      expected.shape,
      expected.class_locations.map(({ key, voxels }) => ({
        key,
        coordinates: Int32Array.from(voxels.flatMap((voxel) => [0, ...voxel])),
      })),
      expected.force_fg,
      {
        loaderPatchSize,
        patchSize: loaderPatchSize.length > expected.final_patch_size.length
          ? [1, ...expected.final_patch_size]
          : expected.final_patch_size,
        annotatedKey: expected.has_ignore_label ? expected.annotated_classes_key : undefined,
      },
      recorded,
    );
    assert.deepEqual(lower, expected.bbox_lower, name);
    const upper = lower.map((first, axis) => first + loaderPatchSize[axis]);
    assert.deepEqual(upper, expected.bbox_upper_exclusive, name);
    assert.equal(draws.length, 0, `${name}: all draws were made`);
  }
});

goldenTest("dataloading", "which samples of a batch must hold foreground", () => {
  for (const row of readGoldenJson("dataloading", "oversampling.json").rows) {
    const forced = forcedForeground(row.batch_size, row.oversample_foreground_percent);
    assert.deepEqual(forced, row.forced, JSON.stringify(row));
  }
});

goldenTest("dataloading", "initial patch size, rotation, dummy 2D and mirror axes", () => {
  for (const row of readGoldenJson("dataloading", "initial_patch.json").rows) {
    assert.deepEqual(patchGeometry(row.patch_size), {
      maxRotation: row.rotation_radians[1],
      dummy2d: row.do_dummy_2d_data_aug,
      mirrorAxes: row.mirror_axes,
      initialPatchSize: row.initial_patch_size,
    }, JSON.stringify(row));
  }
});
