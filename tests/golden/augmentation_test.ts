import assert from "node:assert/strict";
import type { Gpu } from "../../engine/gpu.ts";
import { gaussianBlur, gaussianKernel } from "../../engine/ops/gaussian_blur.ts";
import { changeContrast, changeGamma, scaleChannels } from "../../engine/ops/intensity.ts";
import { lowResolution } from "../../engine/ops/low_resolution.ts";
import { maskOutside } from "../../engine/ops/mask_outside.ts";
import { mirror } from "../../engine/ops/mirror.ts";
import { replaceLabel } from "../../engine/ops/replace_label.ts";
import { transformImage, transformLabels } from "../../engine/ops/spatial_transform.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { affineTransform } from "../../nnunet/augmentation/affine.ts";
import { lowResolutionSize } from "../../nnunet/augmentation/intensity_transforms.ts";
import { trainingTransforms } from "../../nnunet/augmentation/training_transforms.ts";
import type { Transform } from "../../nnunet/augmentation/transform.ts";
import { patchGeometry } from "../../nnunet/augmentation/initial_patch.ts";
import {
  goldenNames,
  type GoldenTensor,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";
import { goldenGpuTest } from "../support/golden_gpu.ts";
import { testGpu } from "../support/gpu_test.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

interface Case {
  name: string;
  json: Json;
  arrays: Map<string, GoldenTensor>;
}

/** The cases of one transform, by the class name in their JSON. */
function cases(transform: string): Case[] {
  return goldenNames("augmentation").filter((file) => file.endsWith(".json")).flatMap((file) => {
    const json = readGoldenJson("augmentation", file);
    if (!String(json.transform ?? "").includes(transform)) return [];
    const name = file.slice(0, -".json".length);
    return [{ name, json, arrays: readSafetensors("augmentation", `${name}.safetensors`) }];
  });
}

/** A sample's image as a batch of one. */
function imageOf(gpu: Gpu, { arrays }: Case, key = "input/image"): Tensor {
  const { data, shape } = arrays.get(key)!;
  return gpu.featureMap(data, [1, ...shape]);
}

function labelsOf(gpu: Gpu, { arrays }: Case, key = "input/segmentation"): Tensor {
  const { data, shape } = arrays.get(key)!;
  return gpu.tensor(data, [1, ...shape]);
}

function largestDifference(actual: ArrayLike<number>, expected: GoldenTensor): number {
  assert.equal(actual.length, expected.data.length);
  let largest = 0;
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i] - expected.data[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

goldenGpuTest("augmentation", "rotation, scaling, crop and pad", async () => {
  const gpu = testGpu();
  let worst = 0;
  let elastic = 0;
  let nearTies = 0;
  for (const item of cases("SpatialTransform")) {
    const { name, json, arrays } = item;
    if (arrays.has("input/displacement")) {
      elastic++;
      continue;
    }
    const [image, labels] = [imageOf(gpu, item), labelsOf(gpu, item)];
    const slices = json.spatial_patch_size.length === 2;
    const angles = json.angle_used === null ? json.angles : [json.angle_used];
    const transform = affineTransform(
      image.shape.slice(2),
      json.patch_size,
      { angles: angles ?? undefined, scale: json.scale ?? undefined },
      slices,
    );
    const [turned, turnedLabels] = [
      transformImage(image, transform),
      transformLabels(labels, transform),
    ];
    const error = largestDifference(await turned.read(), arrays.get("output/image")!);
    const exact = angles === null && json.scale === null;
    assert.ok(error <= (exact ? 0 : 1e-4), `${name}: image differs by ${error}`);
    worst = Math.max(worst, error);
    const expected = arrays.get("output/segmentation")!.data;
    const margin = arrays.get("segmentation_margin")?.data;
    const actual = await turnedLabels.read();
    for (let i = 0; i < expected.length; i++) {
      if (actual[i] === expected[i]) continue;
      assert.ok(margin && margin[i] < 0.002, `${name}: label ${actual[i]}, not ${expected[i]}`);
      nearTies++;
    }
    for (const tensor of [image, labels, turned, turnedLabels]) tensor.dispose();
  }
  reportWorst("augmentation", "spatial, image", worst, 1e-4);
  // deno-lint-ignore no-console
  console.log(
    `    augmentation: ${nearTies} labels differ, all near ties; ` +
      `${elastic} elastic cases skipped: not offered yet`,
  );
});

goldenGpuTest("augmentation", "mirror", async () => {
  const gpu = testGpu();
  for (const item of cases("MirrorTransform")) {
    const [image, labels] = [imageOf(gpu, item), labelsOf(gpu, item)];
    for (const [k, axes] of (item.json.axes_of_output as number[][]).entries()) {
      const flipped = [mirror(image, axes), mirror(labels, axes)];
      const [pixels, classes] = await Promise.all(flipped.map((tensor) => tensor.read()));
      assert.equal(largestDifference(pixels, item.arrays.get(`output/${k}/image`)!), 0, item.name);
      assert.equal(largestDifference(classes, item.arrays.get(`output/${k}/segmentation`)!), 0);
      for (const tensor of flipped) tensor.dispose();
    }
    for (const tensor of [image, labels]) tensor.dispose();
  }
});

/** Runs an op on the image of each case of a transform and compares the result. */
function intensityTest(
  transform: string,
  limit: number,
  apply: (image: Tensor, json: Json) => Tensor,
): void {
  goldenGpuTest("augmentation", transform, async () => {
    const gpu = testGpu();
    let worst = 0;
    for (const item of cases(transform)) {
      const image = imageOf(gpu, item);
      const changed = apply(image, item.json);
      const error = largestDifference(await changed.read(), item.arrays.get("output/image")!);
      assert.ok(error <= limit, `${item.name}: image differs by ${error}`);
      worst = Math.max(worst, error);
      for (const tensor of [image, changed]) tensor.dispose();
    }
    reportWorst("augmentation", transform, worst, limit);
  });
}

/** Entries of a list of the chosen channels, put at their channels; the others stay undefined. */
function ofChannels<T>(chosen: (boolean | number)[], list: T[], channels: number) {
  const indices = typeof chosen[0] === "boolean"
    ? chosen.flatMap((is, channel) => is ? [channel] : [])
    : chosen as number[];
  return Array.from({ length: channels }, (_, c): T | undefined => list[indices.indexOf(c)]);
}

intensityTest("GaussianBlurTransform", 1e-5, (image, { parameters }) => {
  const { sigmas_per_selected_channel_and_axis: sigmas, kernels } = parameters;
  for (const [c, axes] of sigmas.entries()) {
    for (const [axis, sigma] of axes.entries()) {
      const taps = gaussianKernel(sigma);
      assert.equal(taps.length, kernels[c][axis].length, `taps for sigma ${sigma}`);
      taps.forEach((tap, k) => assert.ok(Math.abs(tap - kernels[c][axis][k]) <= 1e-6));
    }
  }
  return gaussianBlur(image, ofChannels(parameters.apply_to_channel, sigmas, image.shape[1]));
});
intensityTest(
  "MultiplicativeBrightnessTransform",
  1e-5,
  (image, { parameters }) => scaleChannels(image, parameters.multipliers_f32),
);
intensityTest(
  "ContrastTransform",
  1e-5,
  (image, { parameters }) => changeContrast(image, parameters.multipliers_f32),
);
intensityTest("SimulateLowResolutionTransform", 1e-5, (image, { parameters }) => {
  const sizes = parameters.scales_f32.map((scale: number[], i: number) => {
    const size = lowResolutionSize(image.shape.slice(2), scale);
    assert.deepEqual(size, parameters.low_resolution_sizes[i]);
    return size;
  });
  return lowResolution(image, ofChannels(parameters.apply_to_channel, sizes, image.shape[1]));
});
intensityTest(
  "GammaTransform",
  1e-4,
  (image, { parameters }) =>
    changeGamma(image, parameters.gamma_f32, { invert: parameters.invert_image }),
);

goldenGpuTest("augmentation", "mask image, remove label", async () => {
  const gpu = testGpu();
  for (const item of cases("MaskImageTransform")) {
    const { mask, remove_label: remove } = item.json;
    assert.equal(mask.channel_idx_in_seg, 0);
    assert.equal(mask.set_outside_to, 0);
    const [image, labels] = [imageOf(gpu, item), labelsOf(gpu, item)];
    const flags = Array.from(
      { length: image.shape[1] },
      (_, c) => mask.apply_to_channels.includes(c),
    );
    const masked = maskOutside(image, labels, flags);
    const removed = replaceLabel(labels, remove.label_value, remove.set_to);
    const arrays = ["after_mask/image", "after_remove_label/segmentation"];
    for (const [i, tensor] of [masked, removed].entries()) {
      assert.equal(largestDifference(await tensor.read(), item.arrays.get(arrays[i])!), 0);
    }
    for (const tensor of [image, labels, masked, removed]) tensor.dispose();
  }
});

/** How the arguments of nnU-Net's classes read here. */
// deno-lint-ignore no-explicit-any
const ARGUMENTS: Record<string, (transform: any) => Json> = {
  SpatialTransform: (t) => ({
    patch_size: t.dummy2d ? t.patchSize.slice(1) : t.patchSize,
    p_rotation: t.rotationProbability,
    rotation: [-t.maxRotation, t.maxRotation],
    p_scaling: t.scalingProbability,
    scaling: t.scaling,
    p_elastic_deform: 0,
    random_crop: false,
    padding_value_seg: -1,
    padding_value_image: 0,
  }),
  GaussianNoiseTransform: (t) => ({ noise_variance: t.std, p_per_channel: 1 }),
  GaussianBlurTransform: (t) => ({ blur_sigma: t.sigma, p_per_channel: t.channelProbability }),
  MultiplicativeBrightnessTransform: (t) => ({ multiplier_range: t.factor, p_per_channel: 1 }),
  ContrastTransform: (t) => ({ contrast_range: t.factor, p_per_channel: 1, preserve_range: true }),
  SimulateLowResolutionTransform: (t) => ({
    scale: t.scale,
    p_per_channel: t.channelProbability,
    ignore_axes: t.keepFirstAxis ? [0] : null,
  }),
  GammaTransform: (t) => ({ gamma: t.gamma, p_invert_image: Number(t.invert), p_retain_stats: 1 }),
  MirrorTransform: (t) => ({ allowed_axes: t.axes }),
  MaskImageTransform: (t) => ({
    apply_to_channels: t.channels.flatMap((is: boolean, c: number) => is ? [c] : []),
    set_outside_to: 0,
  }),
  RemoveLabelTransform: (t) => ({ label_value: t.label, set_to: t.replacement }),
};

/** These are part of another one here, or belong to the loss. */
const ELSEWHERE = [
  "Convert3DTo2DTransform",
  "Convert2DTo3DTransform",
  "DownsampleSegForDSTransform",
];

goldenGpuTest("augmentation", "transforms of a configuration, their order and ranges", () => {
  const skipped: Record<string, number> = {};
  const { configurations } = readGoldenJson("augmentation", "draws.json");
  for (const [name, configuration] of Object.entries<Json>(configurations)) {
    const patchSize: number[] = configuration.patch_size;
    const geometry = patchGeometry(patchSize);
    assert.deepEqual(geometry.initialPatchSize, configuration.initial_patch_size, name);
    const transforms = trainingTransforms({
      patchSize,
      geometry,
      useMaskForNorm: configuration.arguments.use_mask_for_norm ?? [false],
    });
    const expected: Json[] = configuration.training_transforms.filter((of: Json) => {
      if (ELSEWHERE.includes(of.class)) return false;
      if (of.class in ARGUMENTS) return true;
      skipped[of.class] = (skipped[of.class] ?? 0) + 1;
      return false;
    });
    assert.deepEqual(
      transforms.map(({ transform, probability }) => [transform.name, probability]),
      expected.map((of) => [of.class, of.apply_probability]),
      name,
    );
    transforms.forEach(({ transform }: { transform: Transform }, i) => {
      for (const [key, value] of Object.entries(ARGUMENTS[transform.name](transform))) {
        const wanted = expected[i].arguments[key];
        assert.deepEqual(value, wanted?.BGContrast ?? wanted, `${name}: ${transform.name}.${key}`);
      }
    });
  }
  for (const [transform, count] of Object.entries(skipped)) {
    // deno-lint-ignore no-console
    console.log(`    augmentation: ${count} times ${transform} skipped: not offered yet`);
  }
});
