import { channelNames, type DatasetJson } from "../nnunet/dataset.ts";
import type { Fingerprint } from "../nnunet/fingerprint.ts";
import { median } from "../nnunet/numerics/percentile.ts";
import { type Configuration, getConfiguration, type Plans } from "../nnunet/plans.ts";
import { PROGRAM } from "./command.ts";

/** Why a channel is normalised as it is. */
const NORMALIZATIONS: Record<string, string> = {
  CTNormalization: "with intensities of the whole dataset, because it is CT",
  ZScoreNormalization: "each image by its own mean and standard deviation",
  NoNormalization: "not at all, as its name asks",
  RescaleTo01Normalization: "each image to 0 … 1, as its name asks",
  RGBTo01Normalization: "from 0 … 255 to 0 … 1, as its name asks",
};

/**
 * What planning found in a dataset and what it chose for it, in lines for people.
 *
 * @param plansPath where the plans were written
 */
export function summarizePlans(
  datasetJson: DatasetJson,
  fingerprint: Fingerprint,
  plans: Plans,
  plansPath: string,
): string[] {
  const names = Object.keys(plans.configurations);
  const planned = names.map((name) => [name, getConfiguration(plans, name)] as const);
  const [, { normalization_schemes }] = planned[0];
  const channels = channelNames(datasetJson).map((name, i) =>
    `  Channel "${name}" is normalised ${
      NORMALIZATIONS[normalization_schemes[i]] ?? `by ${normalization_schemes[i]}`
    }`
  );
  const lines = [
    "",
    plans.dataset_name,
    `  ${fingerprint.shapes_after_crop.length} cases, labels ${
      Object.keys(datasetJson.labels).join(", ")
    }`,
    `  Images of ${sizes(fingerprint.shapes_after_crop)} voxels, ${
      numbers(axesOf(fingerprint.spacings).map(median))
    } mm each (medians; axes z, y, x)`,
    ...channels,
    ...transposition(plans),
    "",
    `Plans (${plans.experiment_planner_used}), written to ${plansPath}`,
    ...planned.flatMap(([name, configuration]) => describe(name, configuration)),
    ...whatIsLeftOut(plans),
    "",
    "Next, for one of five folds:",
    `  ${PROGRAM} train ${plans.dataset_name} ${suggested(names)} 0${plansFlag(plans)}`,
  ];
  return lines;
}

function describe(name: string, configuration: Configuration): string[] {
  const { patch_size, batch_size, spacing, architecture, median_image_size_in_voxels } =
    configuration;
  const { n_stages, features_per_stage } = architecture.arch_kwargs;
  const network = architecture.network_class_name.split(".").at(-1);
  const covers = patch_size.every((n, axis) => n >= median_image_size_in_voxels[axis])
    ? "covers the median image"
    : `a part of the median image of ${numbers(median_image_size_in_voxels.map(Math.round))}`;
  const previous = configuration.previous_stage;
  return [
    `  ${name}: patch ${numbers(patch_size)} (${covers}), batch of ${batch_size}`,
    `    at ${numbers(spacing)} mm; ${network} with ${n_stages} stages, ` +
    `${features_per_stage[0]} to ${features_per_stage.at(-1)} features`,
    ...(previous ? [`    refines the result of ${previous}: train all folds of that first`] : []),
  ];
}

function transposition({ transpose_forward }: Plans): string[] {
  if (transpose_forward.every((axis, i) => axis === i)) return [];
  return [
    `  Axes are reordered to ${transpose_forward}: the one with the largest spacing comes first`,
  ];
}

function whatIsLeftOut({ configurations }: Plans): string[] {
  if (!("3d_fullres" in configurations)) return ["  No 3D configuration: the images are 2D"];
  if ("3d_lowres" in configurations) return [];
  return ["  No 3d_lowres: a patch of 3d_fullres covers enough of an image"];
}

function suggested(names: string[]): string {
  return names.includes("3d_fullres") ? "3d_fullres" : names[0];
}

function plansFlag({ plans_name }: Plans): string {
  return plans_name === "nnUNetPlans" ? "" : ` -p ${plans_name}`;
}

/** `36 × 50 × 35 (31 × 40 × 24 to 47 × 59 × 45)`. */
function sizes(shapes: number[][]): string {
  const axes = axesOf(shapes);
  const smallest = axes.map((axis) => axis.reduce((a, b) => Math.min(a, b)));
  const largest = axes.map((axis) => axis.reduce((a, b) => Math.max(a, b)));
  return `${numbers(axes.map(median))} (${numbers(smallest)} to ${numbers(largest)})`;
}

function axesOf(values: number[][]): number[][] {
  return values[0].map((_, axis) => values.map((value) => value[axis]));
}

function numbers(values: number[]): string {
  return values.map((value) => Number(value.toPrecision(4))).join(" × ");
}
