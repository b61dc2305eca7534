import type { ArgumentParser } from "argparse";
import { DataError } from "../nnunet/errors.ts";
import { addDeviceArgument, addIgnoredProcesses, type Fold, fold } from "./arguments.ts";
import type { Command } from "./command.ts";

/** Arguments of `predict` (spec 08, section 4). */
export interface PredictArguments {
  i: string;
  o: string;
  /** Name or id. */
  d: string;
  c: string;
  p: string;
  tr: string;
  f: Fold[];
  step_size: number;
  disable_tta: boolean;
  verbose: boolean;
  save_probabilities: boolean;
  continue_prediction: boolean;
  chk: string;
  prev_stage_predictions?: string;
  num_parts: number;
  part_id: number;
  device: string;
  disable_progress_bar: boolean;
  not_on_device: boolean;
}

export const command: Command = {
  example: "-i images -o predictions -d 4 -c 3d_fullres -f 0",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("-i", {
      required: true,
      metavar: "FOLDER",
      help: "images, named CASE_0000.nii.gz, CASE_0001.nii.gz, … (one file a channel)",
    });
    parser.add_argument("-o", {
      required: true,
      metavar: "FOLDER",
      help: "where label maps are written, made if missing",
    });
    parser.add_argument("-d", {
      required: true,
      metavar: "DATASET",
      help: "name or id of the dataset that the model was trained with",
    });
    parser.add_argument("-c", {
      required: true,
      metavar: "CONFIGURATION",
      help: "2d, 3d_fullres, 3d_lowres, 3d_cascade_fullres, or another one of the plans",
    });
    parser.add_argument("-p", {
      default: "nnUNetPlans",
      metavar: "PLANS",
      help: "name of the plans [default: nnUNetPlans]",
    });
    parser.add_argument("-tr", {
      default: "nnUNetTrainer",
      metavar: "TRAINER",
      help: "trainer [default: nnUNetTrainer]",
    });
    parser.add_argument("-f", {
      nargs: "+",
      type: fold,
      default: [0, 1, 2, 3, 4],
      metavar: "FOLD",
      help: "folds whose predictions are averaged [default: 0 1 2 3 4]",
    });
    parser.add_argument("-step_size", {
      type: "float",
      default: 0.5,
      help: "step of the sliding window as a share of its size, above 0 up to 1 [default: 0.5]",
    });
    parser.add_argument("--disable_tta", {
      action: "store_true",
      help: "no mirroring: faster, a little less accurate",
    });
    parser.add_argument("--save_probabilities", {
      action: "store_true",
      help: "save probabilities beside the label maps, for ensembles",
    });
    parser.add_argument("--continue_prediction", {
      action: "store_true",
      help: "leave out cases that are there already",
    });
    parser.add_argument("-chk", {
      default: "checkpoint_final.pth",
      metavar: "CHECKPOINT",
      help: "name of the checkpoint [default: checkpoint_final.pth]",
    });
    addIgnoredProcesses(parser, "-npp", "-nps");
    parser.add_argument("-prev_stage_predictions", {
      metavar: "FOLDER",
      help: "predictions of the previous stage; needed for a cascade",
    });
    parser.add_argument("-num_parts", {
      type: "int",
      default: 1,
      help: "number of machines that share the images [default: 1]",
    });
    parser.add_argument("-part_id", {
      type: "int",
      default: 0,
      help: "which of these machines this is, from 0 [default: 0]",
    });
    addDeviceArgument(parser);
    parser.add_argument("--disable_progress_bar", { action: "store_true" });
    parser.add_argument("--not_on_device", {
      action: "store_true",
      help: "keep whole volumes in the computer's memory in place of the GPU's",
    });
  },
  run(args: PredictArguments) {
    checkPredictArguments(args);
    return Promise.reject(
      new DataError("Cannot predict: the predictor is not part of this version"),
    );
  },
};

/** Throws {@linkcode DataError} for values outside their range. */
export function checkPredictArguments(args: PredictArguments): void {
  if (!(args.step_size > 0 && args.step_size <= 1)) {
    throw new DataError(
      `Cannot predict with -step_size ${args.step_size}: it is a share of the patch, ` +
        `give a number above 0, at most 1`,
    );
  }
  if (!(args.num_parts >= 1 && args.part_id >= 0 && args.part_id < args.num_parts)) {
    throw new DataError(
      `Cannot predict part ${args.part_id} of ${args.num_parts}: parts count from 0, ` +
        `give -part_id below -num_parts`,
    );
  }
}
