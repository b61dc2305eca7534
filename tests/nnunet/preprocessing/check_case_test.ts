import assert from "node:assert/strict";
import type { MedicalImage } from "../../../nnunet/imageio/image.ts";
import { checkTrainingCase } from "../../../nnunet/preprocessing/check_case.ts";

const FILES = { identifier: "a", images: ["a_0000.png"], label: "a.png" };
const JSON_FILE = {
  channel_names: { "0": "R", "1": "G" },
  labels: { background: 0, a: 1, ignore: 2 },
  numTraining: 1,
  file_ending: ".png",
};

function image(channels: number, values: number[]): MedicalImage {
  return {
    data: Float32Array.from(values),
    shape: [channels, 1, 1, values.length / channels],
    properties: { spacing: [1, 1, 1] },
  };
}

Deno.test("checkTrainingCase() takes good cases, the ignore label included", () => {
  checkTrainingCase(image(2, [1, 2, 3, 4, 5, 6]), image(1, [0, 1, 2]), FILES, JSON_FILE);
});

Deno.test("checkTrainingCase() refuses what is no number and labels without a name", () => {
  const good = image(2, [1, 2, 3, 4]);
  const check = (data: MedicalImage, labels: number[]) => () =>
    checkTrainingCase(data, image(1, labels), FILES, JSON_FILE);
  assert.throws(check(image(2, [1, 2, NaN, 4]), [0, 1]), /"a_0000.png".*NaN/);
  assert.throws(check(image(2, [1, 2, 3, Infinity]), [0, 1]), /"a_0000.png".*Infinity/);
  assert.throws(check(good, [0, 3]), /"a.png".*value 3 \(1 voxels\)/);
  assert.throws(check(good, [0.5, 0.5]), /"a.png".*value 0.5 \(2 voxels\)/);
  assert.throws(check(good, [NaN, 0]), /"a.png".*value NaN \(1 voxels\)/);
  assert.throws(check(image(1, [1, 2]), [0, 1]), /"a" *: it has 1 channels.*"a_0001.png"/);
  assert.throws(check(image(4, [1, 2, 3, 4]), [0]), /4 channels, dataset.json names 2, correct/);
});
