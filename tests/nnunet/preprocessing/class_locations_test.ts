import assert from "node:assert/strict";
import {
  classLocationKeys,
  type ClassLocations,
  sampleClassLocations,
} from "../../../nnunet/preprocessing/class_locations.ts";

function rows({ coordinates }: ClassLocations): number[][] {
  return Array.from(
    { length: coordinates.length / 4 },
    (_, i) => [...coordinates.subarray(4 * i, 4 * i + 4)],
  );
}

Deno.test("sampleClassLocations() draws the specification's voxels for labels and regions", () => {
  const seg = new Int16Array(18);
  seg[0 * 9 + 0 * 3 + 1] = 1;
  seg[1 * 9 + 2 * 3 + 2] = 1;
  seg.fill(2, 9, 12);
  seg[2 * 3] = -1;
  const labels = sampleClassLocations(seg, [2, 3, 3], [1, 2, 3]).map(rows);
  assert.deepEqual(labels, [
    [[0, 0, 0, 1], [0, 1, 2, 2]],
    [[0, 1, 0, 0], [0, 1, 0, 1], [0, 1, 0, 2]],
    [],
  ]);
  const regions = sampleClassLocations(seg, [2, 3, 3], [[1, 2], 2]).map(rows);
  assert.deepEqual(regions, [
    [[0, 1, 0, 2], [0, 0, 0, 1], [0, 1, 2, 2], [0, 1, 0, 0], [0, 1, 0, 1]],
    [[0, 1, 0, 1], [0, 1, 0, 2], [0, 1, 0, 0]],
  ]);
});

Deno.test("sampleClassLocations() keeps 10 000 voxels, or 1 % of very many", () => {
  const [ones] = sampleClassLocations(new Int16Array(100_000).fill(1), [100, 100, 10], [1]);
  assert.equal(ones.coordinates.length, 4 * 10_000);
  assert.deepEqual(rows(ones).slice(0, 5).map((row) => row.slice(1)), [
    [13, 50, 4],
    [72, 59, 9],
    [42, 21, 7],
    [97, 65, 0],
    [99, 12, 0],
  ]);
  const [many] = sampleClassLocations(new Int8Array(1_800_000).fill(1), [180, 100, 100], [1]);
  assert.equal(many.coordinates.length, 4 * 18_000);
});

Deno.test("classLocationKeys() adds all labels where there is an ignore label", () => {
  const labels = { background: 0, whole: [1, 2], inner: 2 };
  const regions = { labels, regions_class_order: [1, 2] };
  assert.deepEqual(classLocationKeys({ labels: { background: 0, a: 1, b: 2 } }), [1, 2]);
  assert.deepEqual(classLocationKeys(regions), [[1, 2], 2]);
  assert.deepEqual(
    classLocationKeys({ ...regions, labels: { ...labels, ignore: 3 } }),
    [[1, 2], 2, [-1, 0, 1, 2]],
  );
});
