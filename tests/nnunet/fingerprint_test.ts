import assert from "node:assert/strict";
import { DataError } from "../../nnunet/errors.ts";
import {
  extractCaseFingerprint,
  formatFingerprint,
  samplesPerCase,
  summariseFingerprint,
} from "../../nnunet/fingerprint.ts";
import type { MedicalImage } from "../../nnunet/imageio/image.ts";

function image(data: number[], shape: [number, number, number, number]): MedicalImage {
  return { data: Float32Array.from(data), shape, properties: { spacing: [3, 1, 1] } };
}

/** Spec 02, check 14: channel 0 = 0 ... 26, channel 1 = 100 - 2 index, labels in plane 1 and more. */
function example() {
  const index = Array.from({ length: 27 }, (_, i) => i);
  const labels = index.map((i) => i === 0 ? -1 : i === 26 ? 2 : i >= 9 && i < 18 ? 1 : 0);
  return {
    images: image([...index, ...index.map((i) => 100 - 2 * i)], [2, 3, 3, 3]),
    seg: image(labels, [1, 3, 3, 3]),
  };
}

Deno.test("extractCaseFingerprint() draws the voxels that nnU-Net draws", () => {
  const { images, seg } = example();
  const { foreground, isDrawn, spacing } = extractCaseFingerprint(images, seg, 8, "a");
  assert.equal(isDrawn, true);
  assert.deepEqual([...foreground[0]], [12, 15, 14, 13, 17, 26, 10, 16]);
  assert.deepEqual([...foreground[1]], [48, 70, 66, 82, 72, 82, 48, 70]);
  assert.deepEqual(spacing, [3, 1, 1]);
});

Deno.test("extractCaseFingerprint() keeps all voxels where they are fewer than the samples", () => {
  const { images, seg } = example();
  const { foreground, isDrawn } = extractCaseFingerprint(images, seg, 1000, "a");
  assert.equal(isDrawn, false);
  assert.deepEqual([...foreground[0]], [9, 10, 11, 12, 13, 14, 15, 16, 17, 26]);
});

Deno.test("extractCaseFingerprint() says how much cropping leaves", () => {
  const data = Array(4 * 4 * 4).fill(0);
  data[21] = 5;
  const { shapeAfterCrop, relativeSize } = extractCaseFingerprint(
    image(data, [1, 4, 4, 4]),
    image(data.map((v) => v === 5 ? 1 : 0), [1, 4, 4, 4]),
    10,
    "a",
  );
  assert.deepEqual([shapeAfterCrop, relativeSize], [[1, 1, 1], 1 / 64]);
});

Deno.test("extractCaseFingerprint() refuses NaN and unequal shapes, and names the case", () => {
  const { images, seg } = example();
  const refused = (a: MedicalImage, b: MedicalImage, message: RegExp) =>
    assert.throws(
      () => extractCaseFingerprint(a, b, 10, "case_7"),
      (error: Error) => error instanceof DataError && message.test(error.message),
    );
  refused(image([NaN], [1, 1, 1, 1]), image([1], [1, 1, 1, 1]), /"case_7": its image holds NaN/);
  refused(image([1], [1, 1, 1, 1]), image([NaN], [1, 1, 1, 1]), /its segmentation holds NaN/);
  refused(images, image([1], [1, 1, 1, 1]), /its image is 3 x 3 x 3, its segmentation 1 x 1 x 1/);
  assert.equal(seg.shape[0], 1);
});

Deno.test("samplesPerCase() shares 10^8 samples among the cases", () => {
  assert.deepEqual([1, 10, 101, 260].map(samplesPerCase), [1e8, 1e7, 990_099, 384_615]);
});

Deno.test("summariseFingerprint() needs a labelled voxel", () => {
  const { images } = example();
  const seg = image(Array(27).fill(0), [1, 3, 3, 3]);
  const empty = extractCaseFingerprint(images, seg, samplesPerCase(1), "a");
  assert.throws(() => summariseFingerprint([empty]), /none has a labelled voxel/);
});

Deno.test("formatFingerprint() writes whole spacings as the reader's numbers", () => {
  const fingerprint = {
    foreground_intensity_properties_per_channel: {},
    median_relative_size_after_cropping: 1,
    shapes_after_crop: [[1, 2, 3]],
    spacings: [[999, 1, 1]],
  };
  const compact = (text: string) => text.replace(/\s/g, "");
  const png = compact(formatFingerprint(fingerprint, "NaturalImage2DIO"));
  assert.match(png, /"median_relative_size_after_cropping":1\.0,"shapes_after_crop":\[\[1,2,3\]\]/);
  assert.match(png, /"spacings":\[\[999,1,1\]\]/);
  assert.match(compact(formatFingerprint(fingerprint, "SimpleITKIO")), /\[\[999\.0,1\.0,1\.0\]\]/);
});
