import type { Gpu } from "../engine/gpu.ts";
import { convolution } from "../engine/ops/convolution.ts";
import { type Configuration, getConfiguration } from "../nnunet/plans.ts";
import { planExperiment } from "../nnunet/planning/plan_experiment.ts";

/** nnU-Net's epoch: batches that are trained on, and batches that are only predicted. */
const TRAINING_BATCHES = 250;
const VALIDATION_BATCHES = 50;

/** Long enough that starting and waiting do not count. */
const MEASURED_SECONDS = 0.4;

/** The convolution that most of a 3D training's time goes to: full resolution, 32 to 32 features. */
const FEATURES = 32;
const EXTENTS = [40, 56, 40];
const BATCH = 2;

/**
 * Measures the forward convolution 32 → 32, 3 × 3 × 3, on `[2, 32, 40, 56, 40]`.
 *
 * @returns floating-point operations per second
 */
export async function measureConvolution(gpu: Gpu): Promise<number> {
  const shape = [BATCH, FEATURES, ...EXTENTS];
  const x = gpu.featureMap(Float32Array.from({ length: product(shape) }, Math.random), shape);
  const weight = gpu.zeros([FEATURES, FEATURES, 3, 3, 3]);
  const run = async (times: number) => {
    const begin = performance.now();
    for (let i = 0; i < times; i++) gpu.scope(() => void convolution(x, weight));
    await gpu.finish();
    return (performance.now() - begin) / 1000;
  };
  try {
    await run(1); // compiles, and lets the engine choose an algorithm
    const times = Math.max(1, Math.ceil(MEASURED_SECONDS / await run(1)));
    const seconds = await run(times) / times;
    return 2 * 27 * FEATURES * FEATURES * BATCH * product(EXTENTS) / seconds;
  } finally {
    x.dispose();
    weight.dispose();
  }
}

/** Floating-point operations of an epoch: backward costs twice what forward does. */
export function epochOperations(configuration: Configuration): number {
  const forward = forwardOperations(configuration) * configuration.batch_size;
  return forward * (3 * TRAINING_BATCHES + VALIDATION_BATCHES);
}

/** Floating-point operations of the convolutions of a plain U-Net for one patch, forward. */
export function forwardOperations(
  { architecture, patch_size }: Pick<Configuration, "architecture" | "patch_size">,
): number {
  const { features_per_stage, kernel_sizes, strides, ...kwargs } = architecture.arch_kwargs;
  const { n_conv_per_stage = [], n_conv_per_stage_decoder } = kwargs;
  let extents = patch_size;
  let inputs = 1;
  let products = 0;
  features_per_stage.forEach((features, stage) => {
    extents = extents.map((n, axis) => n / strides[stage][axis]);
    const perPair = product(extents) * product(kernel_sizes[stage]);
    products += perPair * features * (inputs + features * (n_conv_per_stage[stage] - 1));
    inputs = features;
    const decoderConvs = n_conv_per_stage_decoder[stage];
    if (decoderConvs === undefined) return;
    // The first of them also reads the skip connection; before it comes the transposed convolution.
    products += perPair * features * features * (decoderConvs + 1);
    products += product(extents) * features * features_per_stage[stage + 1];
  });
  return 2 * products;
}

/** `3d_fullres` as it is planned for the hippocampus example: what a small, real training is. */
export function exampleConfiguration(): Configuration {
  const shape = [36, 50, 35];
  const cases = 260;
  const plans = planExperiment({
    channel_names: { 0: "MRI" },
    labels: { background: 0, Anterior: 1, Posterior: 2 },
    numTraining: cases,
    file_ending: ".nii.gz",
  }, {
    foreground_intensity_properties_per_channel: {},
    median_relative_size_after_cropping: 1,
    shapes_after_crop: Array(cases).fill(shape),
    spacings: Array(cases).fill([1, 1, 1]),
  }, { datasetName: "Dataset004_Hippocampus", imageReaderWriter: "SimpleITKIO" });
  return getConfiguration(plans, "3d_fullres");
}

function product(values: number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
