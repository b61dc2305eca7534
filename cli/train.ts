import type { ArgumentParser } from "argparse";
import { DataError } from "../nnunet/errors.ts";
import { addDeviceArgument, type Fold, fold } from "./arguments.ts";
import type { Command } from "./command.ts";

/** Arguments of `train` (spec 05, section 10). */
export interface TrainArguments {
  /** Name or id. */
  dataset_name_or_id: string;
  configuration: string;
  fold: Fold;
  tr: string;
  p: string;
  pretrained_weights?: string;
  num_gpus: number;
  npz: boolean;
  c: boolean;
  val: boolean;
  val_best: boolean;
  disable_checkpointing: boolean;
  device: string;
}

export const command: Command = {
  example: "4 3d_fullres 0",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("dataset_name_or_id", { help: "name or id of the dataset to train with" });
    parser.add_argument("configuration", {
      help: "2d, 3d_fullres, 3d_lowres, 3d_cascade_fullres, or another one of the plans",
    });
    parser.add_argument("fold", {
      type: fold,
      help: "fold of the cross-validation: 0 to 4, or all",
    });
    parser.add_argument("-tr", {
      default: "nnUNetTrainer",
      help: "trainer, e.g. nnUNetTrainer_5epochs [default: nnUNetTrainer]",
    });
    parser.add_argument("-p", {
      default: "nnUNetPlans",
      help: "name of the plans [default: nnUNetPlans]",
    });
    parser.add_argument("-pretrained_weights", {
      metavar: "CHECKPOINT",
      help: "start from these weights; the last layers stay random",
    });
    parser.add_argument("-num_gpus", {
      type: "int",
      default: 1,
      help: "number of GPUs [default: 1]",
    });
    parser.add_argument("--npz", {
      action: "store_true",
      help: "save the probabilities of the final validation, for ensembles",
    });
    parser.add_argument("--c", {
      action: "store_true",
      help: "continue from the newest checkpoint",
    });
    parser.add_argument("--val", {
      action: "store_true",
      help: "only validate; needs a finished training",
    });
    parser.add_argument("--val_best", {
      action: "store_true",
      help: "validate with the best checkpoint in place of the last",
    });
    parser.add_argument("--disable_checkpointing", {
      action: "store_true",
      help: "write no checkpoints",
    });
    addDeviceArgument(parser);
  },
  run(args: TrainArguments) {
    checkTrainArguments(args);
    return Promise.reject(new DataError("Cannot train: the trainer is not part of this version"));
  },
};

/** Throws {@linkcode DataError} for flags that exclude one another. */
export function checkTrainArguments(args: TrainArguments): void {
  const refuse = (flags: string, why: string, fix: string) => {
    throw new DataError(`Cannot train with ${flags}: ${why}, ${fix}`);
  };
  if (args.val && args.c) {
    refuse("--val and --c", "--val trains no further", "leave one of them out");
  }
  if (args.val_best && args.disable_checkpointing) {
    refuse(
      "--val_best and --disable_checkpointing",
      "there will be no best checkpoint",
      "leave one of them out",
    );
  }
  if (args.pretrained_weights !== undefined && args.c) {
    refuse(
      "-pretrained_weights and --c",
      "continuing takes all weights from the checkpoint",
      "leave one of them out",
    );
  }
  if (args.num_gpus !== 1) {
    refuse(`-num_gpus ${args.num_gpus}`, "one GPU is used", "leave it out");
  }
}
