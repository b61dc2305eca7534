import { channelNames, type DatasetJson } from "../dataset.ts";
import { DataError } from "../errors.ts";
import type { Fingerprint } from "../fingerprint.ts";
import { median } from "../numerics/percentile.ts";
import { roundHalfEven } from "../numerics/rounding.ts";
import type { Configuration, Plans, StoredConfiguration } from "../plans.ts";
import { normalizationSchemeOf } from "../preprocessing/normalization.ts";
import {
  type ConfigurationRequest,
  planConfiguration,
  type PlanningContext,
} from "./plan_configuration.ts";
import { type Planner, plannerOf } from "./planners.ts";
import { axisOf, determineTranspose, fullresTargetSpacing } from "./target_spacing.ts";

/** A low-resolution configuration is made when a patch covers less than this of the median image. */
const LOWRES_THRESHOLD = 0.25;
/** Step in which the spacing of 3d_lowres grows. */
const LOWRES_STEP = 1.03;
/** Images that cropping leaves smaller than this are normalised within their non-zero region. */
const MASKED_NORM_THRESHOLD = 3 / 4;

/** Options for {@linkcode planExperiment}. */
export interface PlanExperimentOptions {
  /** Folder name of the dataset, e.g. `Dataset004_Hippocampus`. */
  datasetName: string;
  /** Class name of the reader and writer, from `determineReader`. */
  imageReaderWriter: string;
  /** nnU-Net's class name (`-pl`). @default {"ExperimentPlanner"} */
  planner?: string;
  /** `-gpu_memory_target`. @default the planner's */
  gpuMemoryTargetInGb?: number;
  /** `-overwrite_target_spacing`: mm, three axes in the reader's order. @default from the data */
  overwriteTargetSpacing?: number[];
  /** `-overwrite_plans_name`. @default the planner's */
  plansName?: string;
  /** `-preprocessor_name`. @default {"DefaultPreprocessor"} */
  preprocessorName?: string;
  /** Plans of that name made before: configurations that are not planned anew are kept. */
  existingPlans?: Plans;
}

/**
 * Plans all configurations of a dataset from its fingerprint, equal to nnU-Net's planners key by key
 * (spec 02, sections 3 to 9).
 *
 * @throws {DataError} for an unknown planner, a fingerprint or spacing that cannot be planned for
 */
export function planExperiment(
  datasetJson: DatasetJson,
  fingerprint: Fingerprint,
  options: PlanExperimentOptions,
): Plans {
  const { datasetName, planner: plannerName = "ExperimentPlanner" } = options;
  const planner = plannerOf(plannerName);
  const plansName = options.plansName ?? planner.plansName;
  checkFingerprint(fingerprint, datasetName);
  if (options.overwriteTargetSpacing) checkTargetSpacing(options.overwriteTargetSpacing);
  const gpuMemoryTargetInGb = options.gpuMemoryTargetInGb ?? planner.defaultMemoryInGb;
  if (!(gpuMemoryTargetInGb > 0 && gpuMemoryTargetInGb < Infinity)) {
    throw new DataError(
      `Cannot plan for ${gpuMemoryTargetInGb} GB: the memory target must be a number above 0`,
    );
  }

  const targetSpacing = options.overwriteTargetSpacing ?? fullresTargetSpacing(fingerprint);
  const transpose = determineTranspose(targetSpacing);
  const transposed = (values: number[]) => transpose.forward.map((axis) => values[axis]);
  const medianOf = (values: number[][]) =>
    transposed([0, 1, 2].map((axis) => median(axisOf(values, axis))));
  const fullresShapes = fingerprint.shapes_after_crop.map((shape, i) =>
    shape.map((n, axis) => roundHalfEven(fingerprint.spacings[i][axis] / targetSpacing[axis] * n))
  );

  const configurations = planConfigurations(
    {
      planner,
      gpuMemoryTargetInGb,
      preprocessorName: options.preprocessorName ?? "DefaultPreprocessor",
      numLabels: Object.keys(datasetJson.labels).length,
      ...chooseNormalization(datasetJson, fingerprint),
    },
    {
      spacing: transposed(targetSpacing),
      medianShape: medianOf(fullresShapes),
      numTraining: datasetJson.numTraining,
      dataIdentifier: (configuration) => dataIdentifier(planner, plansName, configuration),
    },
  );
  return {
    dataset_name: datasetName,
    plans_name: plansName,
    original_median_spacing_after_transp: medianOf(fingerprint.spacings),
    original_median_shape_after_transp: medianOf(fingerprint.shapes_after_crop).map(roundHalfEven),
    image_reader_writer: options.imageReaderWriter,
    transpose_forward: transpose.forward,
    transpose_backward: transpose.backward,
    configurations: keepOthers(configurations, options.existingPlans),
    experiment_planner_used: plannerName,
    label_manager: "LabelManager",
    foreground_intensity_properties_per_channel:
      fingerprint.foreground_intensity_properties_per_channel,
  };
}

interface FullresRequest {
  spacing: number[];
  medianShape: number[];
  numTraining: number;
  dataIdentifier: (configuration: string) => string;
}

function planConfigurations(
  context: PlanningContext,
  { spacing, medianShape, numTraining, dataIdentifier }: FullresRequest,
): Record<string, StoredConfiguration> {
  const datasetVoxels = product(medianShape) * numTraining;
  const request: ConfigurationRequest = {
    dataIdentifier: dataIdentifier("3d_fullres"),
    spacing,
    medianShape,
    datasetVoxels,
  };
  const twoD: Configuration = {
    ...planConfiguration(context, {
      dataIdentifier: dataIdentifier("2d"),
      spacing: spacing.slice(1),
      medianShape: medianShape.slice(1),
      datasetVoxels,
    }),
    batch_dice: true,
  };
  if (medianShape[0] === 1) return { "2d": twoD };

  const fullres = planConfiguration(context, request);
  const lowres = planLowres(context, request, fullres.patch_size, numTraining, dataIdentifier);
  if (!lowres) return { "2d": twoD, "3d_fullres": { ...fullres, batch_dice: false } };
  return {
    "2d": twoD,
    "3d_lowres": { ...lowres, batch_dice: false, next_stage: "3d_cascade_fullres" },
    "3d_fullres": { ...fullres, batch_dice: true },
    "3d_cascade_fullres": { inherits_from: "3d_fullres", previous_stage: "3d_lowres" },
  };
}

/** Coarsens the spacing until a patch covers enough of the image; none when that is soon reached. */
function planLowres(
  context: PlanningContext,
  fullres: ConfigurationRequest,
  fullresPatchSize: number[],
  numTraining: number,
  dataIdentifier: (configuration: string) => string,
): Omit<Configuration, "batch_dice"> | undefined {
  const fullresVoxels = product(fullres.medianShape);
  let spacing = fullres.spacing;
  let voxels = fullresVoxels;
  let patchSize = fullresPatchSize;
  let lowres: Omit<Configuration, "batch_dice"> | undefined;
  while (product(patchSize) / voxels < LOWRES_THRESHOLD) {
    const coarsest = Math.max(...spacing);
    const fine = spacing.map((mm) => coarsest / mm > 2);
    const grows = fine.includes(true) ? fine : fine.map(() => true);
    spacing = spacing.map((mm, axis) => grows[axis] ? mm * LOWRES_STEP : mm);
    const shape = spacing.map((mm, axis) => fullres.spacing[axis] / mm * fullres.medianShape[axis]);
    voxels = product(shape);
    lowres = planConfiguration(context, {
      dataIdentifier: dataIdentifier("3d_lowres"),
      spacing,
      medianShape: shape.map(roundHalfEven),
      datasetVoxels: voxels * numTraining,
    });
    patchSize = lowres.patch_size;
  }
  return fullresVoxels / voxels < 2 ? undefined : lowres;
}

function chooseNormalization(
  datasetJson: DatasetJson,
  fingerprint: Fingerprint,
): { normalizationSchemes: string[]; useMaskForNorm: boolean[] } {
  const normalizationSchemes = channelNames(datasetJson).map(normalizationSchemeOf);
  const masked = fingerprint.median_relative_size_after_cropping < MASKED_NORM_THRESHOLD;
  return {
    normalizationSchemes,
    useMaskForNorm: normalizationSchemes.map((scheme) =>
      masked && scheme === "ZScoreNormalization"
    ),
  };
}

function dataIdentifier(planner: Planner, plansName: string, configuration: string): string {
  const shared = planner.sharesData && configuration !== "3d_lowres";
  return `${shared ? "nnUNetPlans" : plansName}_${configuration}`;
}

function keepOthers(
  planned: Record<string, StoredConfiguration>,
  existing: Plans | undefined,
): Record<string, StoredConfiguration> {
  const others = Object.entries(existing?.configurations ?? {})
    .filter(([name]) => !Object.hasOwn(planned, name));
  return { ...planned, ...Object.fromEntries(others) };
}

function checkFingerprint({ spacings, shapes_after_crop }: Fingerprint, dataset: string): void {
  const complain = (what: string) => {
    throw new DataError(
      `Cannot plan "${dataset}": ${what}, correct the images and extract the fingerprint again`,
    );
  };
  if (spacings.length === 0) complain("its fingerprint has no case");
  if (shapes_after_crop.length !== spacings.length) {
    complain(`its fingerprint has ${spacings.length} spacings, ${shapes_after_crop.length} shapes`);
  }
  for (const [values, name] of [[spacings, "spacing"], [shapes_after_crop, "shape"]] as const) {
    const wrong = values.find((value) =>
      value.length !== 3 || !value.every((x) => x > 0 && x < Infinity)
    );
    if (wrong) complain(`its fingerprint has the ${name} ${JSON.stringify(wrong)}`);
  }
}

function checkTargetSpacing(spacing: number[]): void {
  if (spacing.length === 3 && spacing.every((mm) => mm > 0 && mm < Infinity)) return;
  throw new DataError(
    `Cannot plan for target spacing [${
      spacing.join(", ")
    }]: three numbers above 0 are needed, in ` +
      `the axis order of the fingerprint`,
  );
}

function product(values: number[]): number {
  return values.reduce((a, b) => a * b, 1);
}
