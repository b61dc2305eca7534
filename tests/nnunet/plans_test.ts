import assert from "node:assert/strict";
import { DataError } from "../../nnunet/errors.ts";
import { formatPlans, getConfiguration, parsePlans } from "../../nnunet/plans.ts";

const resampling = "resample_data_or_seg_to_shape";
const fullres = {
  data_identifier: "nnUNetPlans_3d_fullres",
  preprocessor_name: "DefaultPreprocessor",
  batch_size: 2,
  patch_size: [8, 16, 24],
  median_image_size_in_voxels: [8, 16, 24],
  spacing: [3, 1, 1],
  normalization_schemes: ["CTNormalization"],
  use_mask_for_norm: [false],
  resampling_fn_data: resampling,
  resampling_fn_seg: resampling,
  resampling_fn_data_kwargs: { is_seg: false, order: 3, order_z: 0, force_separate_z: null },
  resampling_fn_seg_kwargs: { is_seg: true, order: 1, order_z: 0, force_separate_z: null },
  resampling_fn_probabilities: resampling,
  resampling_fn_probabilities_kwargs: { is_seg: false, order: 1 },
  architecture: {
    network_class_name: "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    arch_kwargs: {
      n_stages: 2,
      features_per_stage: [32, 64],
      conv_op: "torch.nn.modules.conv.Conv3d",
      kernel_sizes: [[1, 3, 3], 3],
      strides: [1, [1, 2, 2]],
      n_conv_per_stage: 2,
      n_conv_per_stage_decoder: [2],
      conv_bias: true,
      norm_op: "torch.nn.modules.instancenorm.InstanceNorm3d",
      norm_op_kwargs: { eps: 1e-5, affine: true },
      dropout_op: null,
      dropout_op_kwargs: null,
      nonlin: "torch.nn.LeakyReLU",
      nonlin_kwargs: { inplace: true },
    },
    _kw_requires_import: ["conv_op", "norm_op", "dropout_op", "nonlin"],
  },
  batch_dice: true,
};

function plansWith(configurations: Record<string, unknown>, change: Record<string, unknown> = {}) {
  return parsePlans(
    JSON.stringify({
      dataset_name: "Dataset001_A",
      plans_name: "nnUNetPlans",
      original_median_spacing_after_transp: [3, 1, 1],
      original_median_shape_after_transp: [8, 16, 24],
      image_reader_writer: "SimpleITKIO",
      transpose_forward: [0, 1, 2],
      transpose_backward: [0, 1, 2],
      configurations,
      foreground_intensity_properties_per_channel: { "0": { mean: 1 } },
      ...change,
    }),
    "p.json",
  );
}

Deno.test("getConfiguration() lets a configuration override what it inherits", () => {
  const plans = plansWith({
    "3d_fullres": fullres,
    cascade: { inherits_from: "3d_fullres", previous_stage: "3d_lowres" },
    small: { inherits_from: "cascade", batch_size: 4 },
  });
  const small = getConfiguration(plans, "small");
  assert.equal(small.batch_size, 4);
  assert.equal(small.previous_stage, "3d_lowres");
  assert.deepEqual(small.patch_size, [8, 16, 24]);
  assert.equal("inherits_from" in small, false);
});

Deno.test("getConfiguration() writes single numbers out per stage and axis", () => {
  const { arch_kwargs } = getConfiguration(plansWith({ a: fullres }), "a").architecture;
  assert.deepEqual(arch_kwargs.kernel_sizes, [[1, 3, 3], [3, 3, 3]]);
  assert.deepEqual(arch_kwargs.strides, [[1, 1, 1], [1, 2, 2]]);
  assert.deepEqual(arch_kwargs.n_conv_per_stage, [2, 2]);
  assert.equal(arch_kwargs.n_blocks_per_stage, undefined);
});

Deno.test("getConfiguration() builds the architecture of older plans", () => {
  const { architecture, ...rest } = fullres;
  const old = {
    ...rest,
    UNet_class_name: "ResidualEncoderUNet",
    UNet_base_num_features: 32,
    unet_max_num_features: 48,
    n_conv_per_stage_encoder: [1, 3],
    n_conv_per_stage_decoder: [1],
    num_pool_per_axis: [0, 1, 1],
    pool_op_kernel_sizes: [[1, 1, 1], [1, 2, 2]],
    conv_kernel_sizes: [[1, 3, 3], [3, 3, 3]],
  };
  const configuration = getConfiguration(plansWith({ a: old }), "a");
  const { n_conv_per_stage: _, ...kwargs } = architecture.arch_kwargs;
  assert.deepEqual(JSON.parse(JSON.stringify(configuration.architecture)), {
    ...architecture,
    network_class_name: "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet",
    arch_kwargs: {
      ...kwargs,
      features_per_stage: [32, 48],
      kernel_sizes: [[1, 3, 3], [3, 3, 3]],
      strides: [[1, 1, 1], [1, 2, 2]],
      n_blocks_per_stage: [1, 3],
      n_conv_per_stage_decoder: [1],
    },
  });
});

Deno.test("parsePlans() reads the older name of the intensity statistics", () => {
  const statistics = { "0": { mean: 2 } };
  const plans = plansWith({}, {
    foreground_intensity_properties_per_channel: undefined,
    foreground_intensity_properties_by_modality: statistics,
  });
  assert.deepEqual(plans.foreground_intensity_properties_per_channel, statistics);
});

Deno.test("getConfiguration() says which configuration and key is wrong", () => {
  const wide = structuredClone(fullres);
  wide.architecture.arch_kwargs.features_per_stage = [32];
  const plans = plansWith({
    loop: { inherits_from: "pool" },
    pool: { inherits_from: "loop" },
    orphan: { inherits_from: "nobody" },
    bare: { ...fullres, architecture: undefined },
    still: { ...fullres, batch_size: 0 },
    wide,
  });
  const wrong: [string, RegExp][] = [
    ["none", /"none": "nnUNetPlans" has loop, pool, /],
    ["loop", /inherits from itself \(loop from pool from loop\)/],
    ["orphan", /"nobody": "nnUNetPlans" has /],
    ["bare", /"bare": it has no "architecture", and of the older keys "UNet_class_name"/],
    ["still", /"still" of "nnUNetPlans": "batch_size": expected at least 1/],
    ["wide", /"features_per_stage" has 1 entries, 2 are needed/],
    ["constructor", /"constructor": "nnUNetPlans" has/],
  ];
  for (const [name, message] of wrong) {
    assert.throws(
      () => getConfiguration(plans, name),
      (error: Error) => error instanceof DataError && message.test(error.message),
      name,
    );
  }
});

Deno.test("parsePlans() names the file and the key that is wrong", () => {
  assert.throws(
    () => plansWith({}, { transpose_forward: [0, 0, 2] }),
    /"p.json": "transpose_forward": expected 0, 1 and 2/,
  );
  assert.throws(() => parsePlans("{", "p.json"), /"p.json": .* at line 1/);
});

Deno.test("formatPlans() writes spacings as floats and sizes as whole numbers", () => {
  const text = formatPlans(plansWith({ "3d_lowres": fullres, "3d_fullres": fullres }));
  const compact = text.replace(/\s/g, "");
  assert.match(compact, /"spacing":\[3\.0,1\.0,1\.0\]/);
  assert.match(compact, /"3d_lowres":.*"median_image_size_in_voxels":\[8,16,24\].*"3d_fullres"/);
  assert.match(compact, /"3d_fullres":.*"median_image_size_in_voxels":\[8\.0,16\.0,24\.0\]/);
  assert.match(compact, /"eps":1e-05/);
  assert.match(compact, /"mean":1\.0/);
});
