import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../../nnunet/errors.ts";
import { type ItkImage } from "../../../nnunet/imageio/itk_image.ts";
import { orientationCode, orientTo } from "../../../nnunet/imageio/itk_orientation.ts";
import { quaternionOfRotation, rotationOfQuaternion } from "../../../nnunet/imageio/matrix.ts";
import {
  determineReader,
  type ReaderName,
  readImages,
  readSeg,
  writeSeg,
} from "../../../nnunet/imageio/mod.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";

const quaternion = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: 4,
  maxLength: 4,
}).filter((q) => Math.hypot(...q) > 0.1).map((q) => q.map((x) => x / Math.hypot(...q)));

/** Any rotation, with any axes flipped. */
const direction = fc.tuple(quaternion, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })).map(
  ([q, flip]) => rotationOfQuaternion(q).map((row) => row.map((x, j) => flip[j] ? -x : x)).flat(),
);
const spacing = fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), {
  minLength: 3,
  maxLength: 3,
});
const origin = fc.array(fc.double({ min: -300, max: 300, noNaN: true }), {
  minLength: 3,
  maxLength: 3,
});
const shape = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)).map((s) =>
  s.map((n) => n + 1) as [number, number, number]
);

function close(a: number[], b: number[], limit: number): void {
  assert.equal(a.length, b.length);
  a.forEach((x, i) =>
    assert.ok(Math.abs(x - b[i]) <= limit * Math.max(1, Math.abs(b[i])), `${a} is not ${b}`)
  );
}

for (const [path, limit] of [["a.nii.gz", 1e-6], ["a.nrrd", 1e-14], ["a.mha", 0]] as const) {
  Deno.test(`oblique and flipped volumes survive ${path.slice(1)}`, async () => {
    await fc.assert(
      fc.asyncProperty(shape, spacing, origin, direction, fc.nat(300), async (s, sp, o, d, top) => {
        const labels = Uint16Array.from({ length: s[0] * s[1] * s[2] }, (_, i) => i % (top + 1));
        const store = new MemoryStore();
        const sitk_stuff = { spacing: sp, origin: o, direction: d };
        const properties = { spacing: [...sp].reverse(), sitk_stuff };
        await writeSeg(store, "SimpleITKIO", path, labels, s, properties);
        const back = await readSeg(store, "SimpleITKIO", path);
        assert.deepEqual(back.shape, [1, ...s]);
        assert.deepEqual([...back.data], [...labels]);
        close(back.properties.sitk_stuff!.spacing, sp, limit);
        close(back.properties.sitk_stuff!.origin, o, limit);
        close(back.properties.sitk_stuff!.direction, d, limit);
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("a segmentation of the reoriented image lies where the image was", async () => {
  const readers: ReaderName[] = ["SimpleITKIOWithReorient", "NibabelIOWithReorient"];
  await fc.assert(
    fc.asyncProperty(shape, spacing, origin, direction, async (s, sp, o, d) => {
      const labels = Uint8Array.from({ length: s[0] * s[1] * s[2] }, (_, i) => i);
      const properties = {
        spacing: [...sp].reverse(),
        sitk_stuff: { spacing: sp, origin: o, direction: d },
      };
      const store = new MemoryStore();
      await writeSeg(store, "SimpleITKIO", "a.nii.gz", labels, s, properties);
      const before = await readSeg(store, "SimpleITKIO", "a.nii.gz");
      for (const reader of readers) {
        const turned = await readSeg(store, reader, "a.nii.gz");
        const [, ...turnedShape] = turned.shape;
        const turnedLabels = Uint8Array.from(turned.data);
        await writeSeg(store, reader, "b.nii.gz", turnedLabels, turnedShape, turned.properties);
        const after = await readSeg(store, "SimpleITKIO", "b.nii.gz");
        assert.deepEqual(after.data, before.data);
        const [a, b] = [after.properties.sitk_stuff!, before.properties.sitk_stuff!];
        close(a.origin, b.origin, 2e-6);
        close(a.direction, b.direction, 2e-6);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("orientTo() and back is the identity, and reaches the code it was asked for", () => {
  fc.assert(
    fc.property(shape, spacing, origin, direction, (s, sp, o, d) => {
      const image: ItkImage = {
        size: s,
        spacing: sp,
        origin: o,
        direction: d,
        components: 1,
        voxels: Float32Array.from({ length: s[0] * s[1] * s[2] }, (_, i) => i),
      };
      const turned = orientTo(image, "RAS");
      assert.equal(orientationCode(turned.direction), "RAS");
      const back = orientTo(turned, orientationCode(d));
      assert.deepEqual(back.voxels, image.voxels);
      assert.deepEqual(back.size, s);
      close(back.origin, o, 1e-12);
      close(back.direction, d, 0);
    }),
  );
});

Deno.test("quaternionOfRotation() inverts rotationOfQuaternion() up to the sign", () => {
  fc.assert(fc.property(quaternion, (q) => {
    const back = quaternionOfRotation(rotationOfQuaternion(q));
    const sign = Math.sign(back.reduce((sum, x, i) => sum + x * q[i], 0));
    close(back.map((x) => sign * x), q, 1e-12);
  }));
});

Deno.test("channels of different shape or spacing are refused by name", async () => {
  const store = new MemoryStore();
  const write = (path: string, s: [number, number, number], spacing: number[]) => {
    const sitk_stuff = { spacing, origin: [0, 0, 0], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
    const labels = new Uint8Array(s[0] * s[1] * s[2]);
    return writeSeg(store, "SimpleITKIO", path, labels, s, { spacing: [], sitk_stuff });
  };
  await write("a_0000.nii.gz", [2, 3, 4], [1, 1, 2]);
  await write("a_0001.nii.gz", [2, 3, 5], [1, 1, 2]);
  await write("a_0002.nii.gz", [2, 3, 4], [1, 1, 2.001]);
  await write("a_0003.nii.gz", [2, 3, 4], [1, 1, 2.00001]);
  const read = (other: string) => readImages(store, "SimpleITKIO", ["a_0000.nii.gz", other]);
  await assert.rejects(read("a_0001.nii.gz"), {
    message: 'Cannot read "a_0001.nii.gz" as a channel beside "a_0000.nii.gz": its shape is ' +
      "[1, 2, 3, 5], not [1, 2, 3, 4], resample all channels to one grid",
  });
  await assert.rejects(read("a_0002.nii.gz"), /its spacing is/);
  assert.deepEqual((await read("a_0003.nii.gz")).shape, [2, 2, 3, 4]);
});

Deno.test("determineReader() follows the ending alone when there is no example", async () => {
  const expected: [string, ReaderName][] = [
    [".nii.gz", "SimpleITKIO"],
    [".nii", "NibabelIO"],
    [".nrrd", "SimpleITKIO"],
    [".PNG", "NaturalImage2DIO"],
    [".tif", "NaturalImage2DIO"],
    [".tiff", "Tiff3DIO"],
  ];
  for (const [ending, reader] of expected) assert.equal(await determineReader(ending), reader);
  await assert.rejects(determineReader(".jpg"), DataError);
});
