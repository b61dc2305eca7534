import * as v from "valibot";
import { DataError } from "./errors.ts";
import { describeIssue, integer, parseJsonFile } from "./json_file.ts";
import { oldPlansArchitecture } from "./old_plans.ts";
import { formatPythonJson } from "./python_json.ts";

const axes = (length: string) => v.array(v.number(length), length);
const positive = v.pipe(integer, v.minValue(1, "expected at least 1"));
/** One number for all, or one per axis or stage. */
const perStage = v.union([positive, v.array(positive)]);
const perStageAndAxis = v.union([positive, v.array(perStage)]);

const architectureSchema = v.looseObject({
  network_class_name: v.string("expected the name of a network class"),
  arch_kwargs: v.looseObject({
    n_stages: positive,
    features_per_stage: perStage,
    conv_op: v.string(),
    kernel_sizes: perStageAndAxis,
    strides: perStageAndAxis,
    n_conv_per_stage: v.optional(perStage),
    n_blocks_per_stage: v.optional(perStage),
    n_conv_per_stage_decoder: perStage,
    conv_bias: v.optional(v.boolean()),
    norm_op: v.string(),
    norm_op_kwargs: v.nullish(
      v.looseObject({ eps: v.optional(v.number()), affine: v.optional(v.boolean()) }),
    ),
    dropout_op: v.nullish(v.string()),
    nonlin: v.string(),
  }),
});

const kwargs = v.record(v.string(), v.unknown());

const configurationSchema = v.looseObject({
  data_identifier: v.string("expected text"),
  batch_size: positive,
  patch_size: v.pipe(
    v.array(positive, "expected 2 or 3 sizes"),
    v.check((size) => size.length === 2 || size.length === 3, "expected 2 or 3 sizes"),
  ),
  spacing: axes("expected 2 or 3 numbers"),
  normalization_schemes: v.array(v.string(), "expected one scheme per channel"),
  use_mask_for_norm: v.array(v.boolean(), "expected true or false per channel"),
  resampling_fn_data: v.string(),
  resampling_fn_seg: v.string(),
  resampling_fn_probabilities: v.string(),
  resampling_fn_data_kwargs: kwargs,
  resampling_fn_seg_kwargs: kwargs,
  resampling_fn_probabilities_kwargs: kwargs,
  batch_dice: v.boolean("expected true or false"),
  previous_stage: v.optional(v.string()),
  next_stage: v.optional(v.union([v.string(), v.array(v.string())])),
  architecture: architectureSchema,
});

const intensityProperties = v.record(v.string(), v.record(v.string(), v.nullable(v.number())));
const permutation = v.pipe(
  v.array(integer),
  v.check((order) => [...order].sort().join() === "0,1,2", "expected 0, 1 and 2 in some order"),
);

const plansSchema = v.pipe(
  v.looseObject({
    dataset_name: v.string("expected text"),
    plans_name: v.string("expected text"),
    image_reader_writer: v.string("expected the name of a reader"),
    transpose_forward: permutation,
    transpose_backward: permutation,
    configurations: v.record(
      v.string(),
      v.looseObject({ inherits_from: v.optional(v.string("expected a configuration")) }),
    ),
    foreground_intensity_properties_per_channel: v.optional(intensityProperties),
    foreground_intensity_properties_by_modality: v.optional(intensityProperties),
  }, "expected an object with keys"),
);

/** Statistics of the voxels of all foreground classes in one channel. */
export interface IntensityProperties {
  max: number;
  mean: number;
  median: number;
  min: number;
  percentile_00_5: number;
  percentile_99_5: number;
  std: number;
}

/** What builds a network, per stage from full resolution down. */
export interface ArchitectureKwargs {
  n_stages: number;
  features_per_stage: number[];
  /** `torch.nn.modules.conv.Conv2d` or `...Conv3d`. */
  conv_op: string;
  kernel_sizes: number[][];
  strides: number[][];
  /** Convolutions per encoder stage (PlainConvUNet). */
  n_conv_per_stage?: number[];
  /** Residual blocks per encoder stage (ResidualEncoderUNet). */
  n_blocks_per_stage?: number[];
  /** Convolutions per decoder stage, lowest resolution first; one entry less than stages. */
  n_conv_per_stage_decoder: number[];
  conv_bias: boolean;
  norm_op: string;
  norm_op_kwargs: { eps: number; affine: boolean };
  dropout_op: string | null;
  dropout_op_kwargs: Record<string, unknown> | null;
  nonlin: string;
  nonlin_kwargs: Record<string, unknown>;
}

/** The network of a configuration. */
export interface Architecture {
  /** Dotted path, e.g. `dynamic_network_architectures.architectures.unet.PlainConvUNet`. */
  network_class_name: string;
  arch_kwargs: ArchitectureKwargs;
  _kw_requires_import: string[];
}

/** Arguments of nnU-Net's resampling functions. */
export interface ResamplingKwargs {
  is_seg?: boolean;
  order?: number;
  order_z?: number;
  force_separate_z?: boolean | null;
  [further: string]: unknown;
}

/**
 * One configuration with everything it inherits. Sizes and spacings are in the axis order of
 * preprocessed data, 2 or 3 entries.
 */
export interface Configuration {
  data_identifier: string;
  preprocessor_name: string;
  batch_size: number;
  patch_size: number[];
  median_image_size_in_voxels: number[];
  spacing: number[];
  normalization_schemes: string[];
  use_mask_for_norm: boolean[];
  resampling_fn_data: string;
  resampling_fn_seg: string;
  resampling_fn_data_kwargs: ResamplingKwargs;
  resampling_fn_seg_kwargs: ResamplingKwargs;
  resampling_fn_probabilities: string;
  resampling_fn_probabilities_kwargs: ResamplingKwargs;
  architecture: Architecture;
  batch_dice: boolean;
  next_stage?: string | string[];
  /** Set for the second stage of a cascade. */
  previous_stage?: string;
}

/** A configuration as the file has it: the keys that differ from the one it inherits from. */
export type StoredConfiguration = Partial<Configuration> & { inherits_from?: string };

/** `nnUNetPlans.json` and its relatives, keys as on disk (spec 02, section 9). */
export interface Plans {
  dataset_name: string;
  plans_name: string;
  original_median_spacing_after_transp: number[];
  original_median_shape_after_transp: number[];
  /** Class name of the reader and writer, e.g. `SimpleITKIO`. */
  image_reader_writer: string;
  /** Axes of the reader's array in the order of preprocessed data. */
  transpose_forward: number[];
  transpose_backward: number[];
  configurations: Record<string, StoredConfiguration>;
  experiment_planner_used: string;
  label_manager: string;
  /** By channel number as text. */
  foreground_intensity_properties_per_channel: Record<string, IntensityProperties>;
  [further: string]: unknown;
}

/**
 * Parses a plans file, of the present format or the older one without `architecture`.
 *
 * @param path where the text comes from, for the messages
 * @throws {DataError} naming the file and the key that is wrong
 */
export function parsePlans(text: string, path: string): Plans {
  const plans = parseJsonFile(plansSchema, text, path);
  plans.foreground_intensity_properties_per_channel ??=
    plans.foreground_intensity_properties_by_modality ?? {};
  return plans as unknown as Plans;
}

/** The text nnU-Net would write for these plans. */
export function formatPlans(plans: Plans): string {
  return formatPythonJson(plans, { isFloat: isFloatInPlans });
}

function isFloatInPlans(path: readonly string[]): boolean {
  const key = path.at(-1);
  return key === "spacing" || key === "eps" || key === "original_median_spacing_after_transp" ||
    // The planner rounds this one to whole numbers for 3d_lowres only.
    key === "median_image_size_in_voxels" && path.at(-2) !== "3d_lowres" ||
    path[0].startsWith("foreground_intensity_properties");
}

/**
 * A configuration of the plans, with what it inherits (nnU-Net's `PlansManager.get_configuration`).
 * Keys of the older format become an `architecture`.
 *
 * @throws {DataError} when there is no such configuration, inheritance goes in a circle, or a key
 * is missing or wrong
 */
export function getConfiguration(plans: Plans, name: string): Configuration {
  const { inherits_from: _, ...resolved } = resolveInheritance(plans, name, []);
  const configuration = resolved.architecture
    ? resolved
    : { ...resolved, architecture: oldPlansArchitecture(resolved, name) };
  const result = v.safeParse(configurationSchema, configuration);
  if (!result.success) {
    const issue = result.issues[0];
    throw new DataError(
      `Cannot use configuration "${name}" of "${plans.plans_name}": ` +
        `"${v.getDotPath(issue)}": ${describeIssue(issue)}, correct it in the plans or plan again`,
    );
  }
  return {
    ...configuration,
    architecture: expandArchitecture(result.output, name),
  } as Configuration;
}

function resolveInheritance(plans: Plans, name: string, heirs: string[]): StoredConfiguration {
  if (!Object.hasOwn(plans.configurations, name)) {
    const known = Object.keys(plans.configurations).join(", ");
    throw new DataError(
      `Cannot use configuration "${name}": "${plans.plans_name}" has ${known}, choose one of them`,
    );
  }
  if (heirs.includes(name)) {
    throw new DataError(
      `Cannot use configuration "${heirs[0]}" of "${plans.plans_name}": it inherits from itself ` +
        `(${[...heirs, name].join(" from ")}), correct inherits_from`,
    );
  }
  const own = plans.configurations[name];
  if (own.inherits_from === undefined) return own;
  return { ...resolveInheritance(plans, own.inherits_from, [...heirs, name]), ...own };
}

type CheckedConfiguration = v.InferOutput<typeof configurationSchema>;

/**
 * Writes a single number out per stage and axis, checks that all lists fit the stages, and fills in
 * what PyTorch's and the network's own defaults are.
 */
function expandArchitecture(
  { architecture, patch_size }: CheckedConfiguration,
  name: string,
): Architecture {
  const kwargs = architecture.arch_kwargs;
  const stages = kwargs.n_stages;
  const dimensions = patch_size.length;

  function list<T>(key: string, value: number | T[], length: number): (number | T)[] {
    const expanded = Array.isArray(value) ? value : Array<number>(length).fill(value);
    if (expanded.length !== length) {
      throw new DataError(
        `Cannot use configuration "${name}": "${key}" has ${expanded.length} entries, ` +
          `${length} are needed (${stages} stages, ${dimensions} axes), correct it in the plans`,
      );
    }
    return expanded;
  }
  const numbers = (key: string, value: number | number[], length: number) =>
    list<number>(key, value, length);
  const sizes = (key: string, value: number | (number | number[])[]) =>
    list(key, value, stages).map((size) => numbers(key, size, dimensions));

  return {
    ...architecture,
    arch_kwargs: {
      conv_bias: false,
      dropout_op: null,
      dropout_op_kwargs: null,
      ...kwargs,
      norm_op_kwargs: { eps: 1e-5, affine: false, ...kwargs.norm_op_kwargs },
      features_per_stage: numbers("features_per_stage", kwargs.features_per_stage, stages),
      kernel_sizes: sizes("kernel_sizes", kwargs.kernel_sizes),
      strides: sizes("strides", kwargs.strides),
      n_conv_per_stage: kwargs.n_conv_per_stage &&
        numbers("n_conv_per_stage", kwargs.n_conv_per_stage, stages),
      n_blocks_per_stage: kwargs.n_blocks_per_stage &&
        numbers("n_blocks_per_stage", kwargs.n_blocks_per_stage, stages),
      n_conv_per_stage_decoder: numbers(
        "n_conv_per_stage_decoder",
        kwargs.n_conv_per_stage_decoder,
        stages - 1,
      ),
    },
  } as unknown as Architecture;
}
