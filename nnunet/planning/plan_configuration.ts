import { DataError } from "../errors.ts";
import { roundHalfEven } from "../numerics/rounding.ts";
import type { Architecture, Configuration } from "../plans.ts";
import { architectureFor } from "./architecture.ts";
import { featureMapSize } from "./feature_map_size.ts";
import type { Planner } from "./planners.ts";
import { type PoolingTopology, poolingTopology } from "./pooling_topology.ts";
import { argmax } from "./target_spacing.ts";

const BASE_FEATURES = 32;
const MAX_FEATURES = { 2: 512, 3: 320 };
/** Voxels of a patch that is certainly larger than what fits. */
const INITIAL_PATCH_VOXELS = { 2: 2048 ** 2, 3: 256 ** 3 };
const REFERENCE_BATCH_SIZE = { 2: 12, 3: 2 };
const MIN_BATCH_SIZE = 2;

/** What every configuration of a dataset has in common. */
export interface PlanningContext {
  planner: Planner;
  gpuMemoryTargetInGb: number;
  preprocessorName: string;
  /** Number of entries of `labels` in dataset.json. */
  numLabels: number;
  normalizationSchemes: string[];
  useMaskForNorm: boolean[];
}

/** What a configuration is planned for; axes in the order of preprocessed data, 2 or 3 of them. */
export interface ConfigurationRequest {
  dataIdentifier: string;
  spacing: number[];
  medianShape: number[];
  /** Of the whole dataset, in three dimensions also for 2d. */
  datasetVoxels: number;
}

/**
 * Plans one configuration: the largest patch that fits (never larger than the median image), the
 * network that suits it, and the batch size that fills the rest of the memory (nnU-Net's
 * `get_plans_for_configuration`; spec 02, section 6).
 *
 * @throws {DataError} when no patch fits
 */
export function planConfiguration(
  context: PlanningContext,
  { dataIdentifier, spacing, medianShape, datasetVoxels }: ConfigurationRequest,
): Omit<Configuration, "batch_dice"> {
  const { planner } = context;
  const refuse = (why: string): never => {
    throw new DataError(
      `Cannot plan "${dataIdentifier}" for ${context.gpuMemoryTargetInGb} GB: ${why}`,
    );
  };
  if (medianShape.some((n) => n < 1)) {
    refuse(
      `the median image would have ${medianShape.join(" x ")} voxels, choose a finer target ` +
        `spacing or a larger memory target`,
    );
  }
  const dimensions = spacing.length as 2 | 3;
  const reference = planner.referenceSize[dimensions] *
    (context.gpuMemoryTargetInGb / planner.referenceMemoryInGb);
  const referenceBatch = REFERENCE_BATCH_SIZE[dimensions];

  let topology = poolingTopology(spacing, initialPatchSize(spacing, medianShape));
  let network = networkFor(planner, topology);
  const estimate = () => featureMapSize(network, topology.patchSize, context.numLabels);
  const isTooLarge = () =>
    planner.shrinksAtReference
      ? estimate() > reference
      : estimate() / referenceBatch * MIN_BATCH_SIZE > reference;
  const tried = new Set<string>();
  while (isTooLarge()) {
    tried.add(topology.patchSize.join());
    topology = poolingTopology(spacing, shrunkPatchSize(topology, spacing, medianShape));
    network = networkFor(planner, topology);
    if (topology.patchSize.some((n) => n < 1) || tried.has(topology.patchSize.join())) {
      refuse("not even the smallest patch fits, choose a larger memory target");
    }
  }

  const patchVoxels = topology.patchSize.reduce((a, b) => a * b, 1);
  const batchSize = roundHalfEven(reference / estimate() * referenceBatch);
  const largestBatch = roundHalfEven(datasetVoxels * planner.maxDatasetShare / patchVoxels);
  const { resampling } = planner;
  return {
    data_identifier: dataIdentifier,
    preprocessor_name: context.preprocessorName,
    batch_size: Math.max(Math.min(batchSize, largestBatch), MIN_BATCH_SIZE),
    patch_size: topology.patchSize,
    median_image_size_in_voxels: medianShape,
    spacing,
    normalization_schemes: context.normalizationSchemes,
    use_mask_for_norm: context.useMaskForNorm,
    resampling_fn_data: resampling.function,
    resampling_fn_seg: resampling.function,
    resampling_fn_data_kwargs: resampling.data,
    resampling_fn_seg_kwargs: resampling.seg,
    resampling_fn_probabilities: resampling.function,
    resampling_fn_probabilities_kwargs: resampling.probabilities,
    architecture: network,
  };
}

/** A patch of the shape of a cube in mm, cut to the median image. */
function initialPatchSize(spacing: number[], medianShape: number[]): number[] {
  const dimensions = spacing.length as 2 | 3;
  const density = spacing.map((mm) => 1 / mm);
  const scale = (INITIAL_PATCH_VOXELS[dimensions] / density.reduce((a, b) => a * b, 1)) **
    (1 / dimensions);
  return density.map((perMm, axis) => Math.min(roundHalfEven(perMm * scale), medianShape[axis]));
}

/** One step smaller along the axis where the patch covers most of the median image. */
function shrunkPatchSize(
  { patchSize, divisor }: PoolingTopology,
  spacing: number[],
  medianShape: number[],
): number[] {
  const coverage = patchSize.map((size, axis) => size / medianShape[axis]);
  // The last of equals, as NumPy's argsort leaves it.
  const axis = coverage.length - 1 - argmax([...coverage].reverse());
  const less = (size: number[], by: number) => size.map((n, i) => i === axis ? n - by : n);
  // A smaller patch may pool less often, and then a smaller step is enough.
  const smaller = poolingTopology(spacing, less(patchSize, divisor[axis]));
  return less(patchSize, smaller.divisor[axis]);
}

function networkFor(planner: Planner, { strides, kernelSizes }: PoolingTopology): Architecture {
  const stages = strides.length;
  return architectureFor(planner.network, {
    strides,
    kernelSizes,
    baseFeatures: BASE_FEATURES,
    maxFeatures: MAX_FEATURES[strides[0].length as 2 | 3],
    encoderStages: planner.encoderStages.slice(0, stages),
    decoderStages: planner.decoderStages.slice(0, stages - 1),
  });
}
