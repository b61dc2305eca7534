import assert from "node:assert/strict";
import fc from "fast-check";
import { cropToNonzero, type Shape4 } from "../../../nnunet/preprocessing/crop.ts";
import { fillHoles, type Shape3 } from "../../../nnunet/preprocessing/fill_holes.ts";

/** An image of zeros with ones where `inside(x, y, z)`. */
function image(shape: Shape4, inside: (x: number, y: number, z: number) => boolean): Float32Array {
  const data = new Float32Array(shape.reduce((a, b) => a * b));
  for (let i = 0; i < data.length; i++) {
    const z = i % shape[3], y = Math.floor(i / shape[3]) % shape[2];
    const x = Math.floor(i / (shape[2] * shape[3])) % shape[1];
    data[i] = inside(x, y, z) ? 1 : 0;
  }
  return data;
}
const between = (v: number, lo: number, hi: number): boolean => v >= lo && v < hi;

Deno.test("cropToNonzero() fills a hole and cuts to the tight box", () => {
  const shape: Shape4 = [1, 5, 6, 6];
  const data = image(
    shape,
    (x, y, z) =>
      between(x, 1, 4) && between(y, 1, 5) && between(z, 1, 5) && !(x === 2 && y === 2 && z === 3),
  );
  const cropped = cropToNonzero(data, shape);
  assert.deepEqual(cropped.bbox, [[1, 4], [1, 5], [1, 5]]);
  assert.deepEqual(cropped.shape, [1, 3, 4, 4]);
  assert.ok(cropped.seg.every((label) => label === 0));
});

Deno.test("cropToNonzero() leaves an opened hole outside, labelled voxels keep their label", () => {
  const shape: Shape4 = [1, 5, 6, 6];
  const inside = (x: number, y: number, z: number): boolean =>
    between(x, 1, 4) && between(y, 1, 5) && between(z, 1, 5) && !(x < 3 && y === 2 && z === 2);
  const data = image(shape, inside);
  assert.equal(cropToNonzero(data, shape).seg.filter((label) => label === -1).length, 2);
  const seg = new Int16Array(data.length);
  seg[1 * 36 + 2 * 6 + 2] = 3;
  const labelled = cropToNonzero(data, shape, seg);
  assert.equal(labelled.seg.filter((label) => label === -1).length, 1);
  assert.equal(labelled.seg.filter((label) => label === 3).length, 1);
});

Deno.test("cropToNonzero() takes a voxel of any channel, and all of an empty image", () => {
  const shape: Shape4 = [2, 3, 4, 5];
  const data = new Float32Array(120);
  data[60 + 1 * 20 + 2 * 5 + 3] = -7;
  const cropped = cropToNonzero(data, shape);
  assert.deepEqual(cropped.bbox, [[1, 2], [2, 3], [3, 4]]);
  assert.deepEqual([...cropped.data], [0, -7]);
  const empty = cropToNonzero(new Float32Array(120), shape);
  assert.deepEqual(empty.bbox, [[0, 3], [0, 4], [0, 5]]);
  assert.ok(empty.seg.every((label) => label === -1));
});

Deno.test("fillHoles() fills what no face path joins to the border, and nothing in a 2D image", () => {
  const cube = new Uint8Array(27).fill(1);
  cube[13] = 0;
  cube[0] = 0;
  fillHoles(cube, [3, 3, 3]);
  assert.equal(cube[13], 1);
  assert.equal(cube[0], 0);
  const ring = Uint8Array.from([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  fillHoles(ring, [1, 3, 3]);
  assert.equal(ring[4], 0);
});

Deno.test("fillHoles() agrees with growing the outside voxel by voxel", () => {
  const extent = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(
      fc.tuple(extent, extent, extent),
      fc.infiniteStream(fc.boolean()),
      (drawn, bits) => {
        const shape = drawn as Shape3;
        const [depth, height, width] = shape;
        const mask = Uint8Array.from(
          { length: depth * height * width },
          () => bits.next().value ? 1 : 0,
        );
        const outside = growOutside(mask, shape);
        fillHoles(mask, shape);
        mask.forEach((value, i) => assert.equal(value, outside[i] ? 0 : 1));
      },
    ),
  );
});

function growOutside(mask: Uint8Array, [depth, height, width]: Shape3): boolean[] {
  const outside = new Array<boolean>(mask.length).fill(false);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] || outside[i]) continue;
      const z = i % width, y = Math.floor(i / width) % height, x = Math.floor(i / width / height);
      const reached = x === 0 || outside[i - width * height] || x === depth - 1 ||
        outside[i + width * height] || y === 0 || outside[i - width] || y === height - 1 ||
        outside[i + width] || z === 0 || outside[i - 1] || z === width - 1 || outside[i + 1];
      if (reached) outside[i] = changed = true;
    }
  }
  return outside;
}

Deno.test("cropToNonzero() transposes data, labels and box alike", () => {
  const shape: Shape4 = [2, 4, 5, 6];
  const data = new Float32Array(240);
  const seg = new Int16Array(120);
  for (let x = 1; x < 3; x++) {
    for (let y = 0; y < 3; y++) {
      for (let z = 2; z < 6; z++) {
        data[(x * 5 + y) * 6 + z] = 100 * x + 10 * y + z;
        seg[(x * 5 + y) * 6 + z] = z;
      }
    }
  }
  const cropped = cropToNonzero(data, shape, seg, [2, 0, 1]);
  assert.deepEqual(cropped.bbox, [[2, 6], [1, 3], [0, 3]]);
  assert.deepEqual(cropped.shape, [2, 4, 2, 3]);
  let at = 0;
  for (let z = 2; z < 6; z++) {
    for (let x = 1; x < 3; x++) {
      for (let y = 0; y < 3; y++, at++) {
        assert.equal(cropped.data[at], 100 * x + 10 * y + z);
        assert.equal(cropped.seg[at], z);
      }
    }
  }
});
