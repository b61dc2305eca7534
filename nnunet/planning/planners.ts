import { DataError } from "../errors.ts";
import type { ResamplingKwargs } from "../plans.ts";
import type { NetworkClass } from "./architecture.ts";

/** Functions that resample data, segmentations and probabilities, and their arguments. */
export interface ResamplingChoice {
  function: string;
  data: ResamplingKwargs;
  seg: ResamplingKwargs;
  probabilities: ResamplingKwargs;
}

/** What tells nnU-Net's planners apart (spec 02, section 2). */
export interface Planner {
  plansName: string;
  network: NetworkClass;
  /** GPU memory the planner aims at unless told otherwise. */
  defaultMemoryInGb: number;
  /** GPU memory that `referenceSize` was measured for. */
  referenceMemoryInGb: number;
  /** Feature map size that fits, by number of dimensions. */
  referenceSize: { 2: number; 3: number };
  /** Share of the voxels of the dataset that one batch may have. */
  maxDatasetShare: number;
  /** Convolutions or blocks of encoder stage 0, 1, ...; as many stages at most. */
  encoderStages: number[];
  /** Convolutions of decoder stage 0, 1, .... */
  decoderStages: number[];
  /** Whether the patch shrinks as soon as `referenceSize` is passed, or only when a batch of 2 does. */
  shrinksAtReference: boolean;
  /** Whether preprocessed data of 2d and 3d_fullres is shared with `nnUNetPlans`. */
  sharesData: boolean;
  resampling: ResamplingChoice;
}

const skimage = { order_z: 0, force_separate_z: null };
const defaultResampling: ResamplingChoice = {
  function: "resample_data_or_seg_to_shape",
  data: { is_seg: false, order: 3, ...skimage },
  seg: { is_seg: true, order: 1, ...skimage },
  probabilities: { is_seg: false, order: 1, ...skimage },
};

const torchResampling = (kwargs: ResamplingKwargs): ResamplingChoice => ({
  function: "resample_torch_fornnunet",
  data: { is_seg: false, ...kwargs },
  seg: { is_seg: true, ...kwargs },
  probabilities: { is_seg: false, ...kwargs },
});
const torchInOne = torchResampling({ force_separate_z: false, memefficient_seg_resampling: false });
const torchSeparateZ = torchResampling({
  force_separate_z: null,
  memefficient_seg_resampling: false,
  separate_z_anisotropy_threshold: 3,
});

const experimentPlanner: Planner = {
  plansName: "nnUNetPlans",
  network: "PlainConvUNet",
  defaultMemoryInGb: 8,
  referenceMemoryInGb: 8,
  referenceSize: { 2: 85e6, 3: 560e6 },
  maxDatasetShare: 0.05,
  encoderStages: Array(14).fill(2),
  decoderStages: Array(13).fill(2),
  shrinksAtReference: false,
  sharesData: false,
  resampling: defaultResampling,
};

const resEncUNetPlanner: Planner = {
  ...experimentPlanner,
  plansName: "nnUNetResEncUNetPlans",
  network: "ResidualEncoderUNet",
  referenceSize: { 2: 135e6, 3: 680e6 },
  encoderStages: [1, 3, 4, ...Array(10).fill(6)],
  decoderStages: Array(12).fill(1),
  shrinksAtReference: true,
  sharesData: true,
};

const resEncL: Planner = {
  ...resEncUNetPlanner,
  plansName: "nnUNetResEncUNetLPlans",
  defaultMemoryInGb: 24,
  referenceMemoryInGb: 24,
  referenceSize: { 2: 380e6, 3: 2100e6 },
  maxDatasetShare: 1,
};

const resEncLVariant = (name: string, resampling: ResamplingChoice): Planner => ({
  ...resEncL,
  plansName: `nnUNetResEncUNetLPlans_${name}`,
  sharesData: false,
  resampling,
});

/** The planners by nnU-Net's class names, as `-pl` takes them. */
export const PLANNERS = {
  ExperimentPlanner: experimentPlanner,
  ResEncUNetPlanner: resEncUNetPlanner,
  nnUNetPlannerResEncM: {
    ...resEncUNetPlanner,
    plansName: "nnUNetResEncUNetMPlans",
    maxDatasetShare: 1,
  },
  nnUNetPlannerResEncL: resEncL,
  nnUNetPlannerResEncXL: {
    ...resEncL,
    plansName: "nnUNetResEncUNetXLPlans",
    defaultMemoryInGb: 40,
    referenceMemoryInGb: 40,
    referenceSize: { 2: 560e6, 3: 3600e6 },
  },
  nnUNetPlannerResEncL_noResampling: resEncLVariant("noResampling", {
    function: "no_resampling_hack",
    data: {},
    seg: {},
    probabilities: {},
  }),
  nnUNetPlannerResEncL_torchres: resEncLVariant("torchres", torchInOne),
  nnUNetPlannerResEncL_torchres_sepz: resEncLVariant("torchres_sepz", torchSeparateZ),
  nnUNetPlanner_torchres: {
    ...experimentPlanner,
    plansName: "nnUNetPlans_torchres",
    resampling: torchInOne,
  },
} satisfies Record<string, Planner>;

/** Name of one of {@linkcode PLANNERS}. */
export type PlannerName = keyof typeof PLANNERS;

/**
 * The planner of that name.
 *
 * @throws {DataError} listing the names there are
 */
export function plannerOf(name: string): Planner {
  if (!Object.hasOwn(PLANNERS, name)) {
    throw new DataError(
      `Cannot plan with "${name}": there is no such planner, use one of ` +
        Object.keys(PLANNERS).join(", "),
    );
  }
  return PLANNERS[name as PlannerName];
}
