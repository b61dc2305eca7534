import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../../nnunet/errors.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";
import type { Shape3 } from "../../../nnunet/preprocessing/fill_holes.ts";
import type { PreprocessedArrays } from "../../../nnunet/preprocessing/preprocess_case.ts";
import {
  PreprocessedCase,
  writePreprocessedCase,
} from "../../../nnunet/preprocessing/preprocessed_case.ts";

const CASE: PreprocessedArrays = {
  data: Float32Array.from({ length: 2 * 3 * 4 * 5 }, (_, i) => i / 7),
  seg: Int16Array.from({ length: 3 * 4 * 5 }, (_, i) => i % 400 - 1),
  shape: [2, 3, 4, 5],
  properties: {
    sitk_stuff: {
      spacing: [2.5, 2, 1],
      origin: [0, 0.1, -3],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    },
    nibabel_stuff: { original_affine: [[1, 0.5], [3, 4]] },
    spacing: [1, 2, 2.5],
    shape_before_cropping: [3, 4, 6],
    bbox_used_for_cropping: [[0, 3], [0, 4], [1, 6]],
    shape_after_cropping_and_before_resampling: [3, 4, 5],
    class_locations: [
      { key: 1, coordinates: Int32Array.of(0, 1, 2, 3, 0, 1, 1, 1) },
      { key: [1, 2], coordinates: new Int32Array() },
    ],
  },
};

async function stored(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await writePreprocessedCase(store, "folder", "case_1", CASE);
  return store;
}

Deno.test("PreprocessedCase gives back what was written", async () => {
  const store = await stored();
  const names = (await store.list("folder")).map(({ name }) => name);
  assert.deepEqual(names, ["case_1.npz", "case_1.pkl"]);
  const opened = await PreprocessedCase.open(store, "folder", "case_1");
  assert.deepEqual(await opened.read(), CASE);
});

Deno.test("PreprocessedCase pads patches, and gives zeros beyond an axis", async () => {
  const opened = await PreprocessedCase.open(await stored(), "folder", "case_1");
  const corner = fc.integer({ min: -6, max: 6 });
  const extent = fc.integer({ min: 1, max: 7 });
  const triples = fc.tuple(fc.tuple(corner, corner, corner), fc.tuple(extent, extent, extent));
  await fc.assert(fc.asyncProperty(triples, async ([lower, size]) => {
    const patch = await opened.readPatch(lower as Shape3, size as Shape3);
    const shape = [3, 4, 5];
    const beyond = lower.some((l, axis) => l + size[axis] <= 0 || l >= shape[axis]);
    let at = 0;
    for (let c = 0; c < 2; c++) {
      for (let i = 0; i < size[0] * size[1] * size[2]; i++, at++) {
        const [x, y, z] = [
          lower[0] + Math.floor(i / (size[1] * size[2])),
          lower[1] + Math.floor(i / size[2]) % size[1],
          lower[2] + i % size[2],
        ];
        const inside = [x, y, z].every((v, axis) => v >= 0 && v < shape[axis]);
        const from = (x * 4 + y) * 5 + z;
        assert.equal(patch.data[at], inside ? CASE.data[c * 60 + from] : 0);
        assert.equal(patch.seg[i], inside ? CASE.seg[from] : beyond ? 0 : -1);
      }
    }
  }));
});

Deno.test("PreprocessedCase reads a small patch of a large case from a few planes", async () => {
  const [depth, height, width] = [40, 250, 260];
  const size = depth * height * width;
  const store = new MemoryStore();
  await writePreprocessedCase(store, "folder", "large", {
    ...CASE,
    data: Float32Array.from({ length: size }, (_, i) => i),
    seg: new Int16Array(size),
    shape: [1, depth, height, width],
  });
  const opened = await PreprocessedCase.open(store, "folder", "large");
  const { data } = await opened.readPatch([-2, 7, 255], [depth + 3, 2, 9]);
  for (let x = -2, i = 0; x <= depth; x++) {
    for (let y = 7; y < 9; y++) {
      for (let z = 255; z < 264; z++, i++) {
        const inside = x >= 0 && x < depth && z < width;
        assert.equal(data[i], inside ? (x * height + y) * width + z : 0);
      }
    }
  }
});

Deno.test("PreprocessedCase refuses damaged and foreign files", async () => {
  const store = await stored();
  const npz = await store.read("folder/case_1.npz");
  const open = (): Promise<PreprocessedCase> => PreprocessedCase.open(store, "folder", "case_1");

  await store.write("folder/case_1.npz", npz.subarray(0, npz.length - 30));
  await assert.rejects(open(), DataError);

  const flipped = npz.slice();
  flipped[300] ^= 1;
  await store.write("folder/case_1.npz", flipped);
  await assert.rejects((await open()).read(), /checksum/);

  await store.write("folder/case_1.npz", npz);
  await store.write("folder/case_1.pkl", Uint8Array.of(0x80, 4, 0x7d, 0x2e));
  await assert.rejects(open(), /case_1.pkl.*preprocess the case again/);

  await store.remove("folder/case_1.npz");
  await assert.rejects(open(), DataError);
});
