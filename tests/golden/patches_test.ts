import assert from "node:assert/strict";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import type { Shape4 } from "../../nnunet/preprocessing/crop.ts";
import type { Shape3 } from "../../nnunet/preprocessing/fill_holes.ts";
import {
  PreprocessedCase,
  writePreprocessedCase,
} from "../../nnunet/preprocessing/preprocessed_case.ts";
import { goldenTest, readGoldenJson, readSafetensors } from "../support/golden.ts";

goldenTest("dataloading", "patches of stored cases are cut and padded as by nnU-Net", async () => {
  const tensors = readSafetensors("dataloading", "crop.safetensors");
  const { cases } = readGoldenJson("dataloading", "crop.json");
  const store = new MemoryStore();
  for (const [i, { bbox }] of (cases as { bbox: [number, number][] }[]).entries()) {
    const image = tensors.get(`${i}/input/image`)!;
    const segmentation = tensors.get(`${i}/input/segmentation`)!;
    const shape = image.shape as Shape4;
    const extent = shape.slice(1) as Shape3;
    await writePreprocessedCase(store, "folder", String(i), {
      data: Float32Array.from(image.data),
      seg: Int16Array.from(segmentation.data),
      shape,
      properties: {
        spacing: [1, 1, 1],
        shape_before_cropping: extent,
        bbox_used_for_cropping: [[0, extent[0]], [0, extent[1]], [0, extent[2]]],
        shape_after_cropping_and_before_resampling: extent,
      },
    });
    const opened = await PreprocessedCase.open(store, "folder", String(i));
    const patch = await opened.readPatch(
      bbox.map(([lower]) => lower) as Shape3,
      bbox.map(([lower, upper]) => upper - lower) as Shape3,
    );
    const expected = (name: string): number[] => [...tensors.get(`${i}/output/${name}`)!.data];
    assert.deepEqual([...patch.data], expected("image"), `case ${i}`);
    assert.deepEqual([...patch.seg], expected("segmentation"), `case ${i}`);
  }
});
