import type { ArgumentParser } from "argparse";
import { openGpu } from "../engine/mod.ts";
import type { Checkpoint } from "../nnunet/checkpoint.ts";
import { DataError } from "../nnunet/errors.ts";
import { overlap } from "../nnunet/splits.ts";
import { validateFold } from "../nnunet/training/final_validation.ts";
import { loadPretrainedWeights } from "../nnunet/training/load_pretrained_weights.ts";
import { type OpenFold, openFold } from "../nnunet/training/open_fold.ts";
import { type TrainerSettings, trainerSettings } from "../nnunet/training/trainer_settings.ts";
import {
  CHECKPOINTS,
  findCheckpoint,
  type IterationProgress,
  runTraining,
} from "../nnunet/training/training_run.ts";
import { addDeviceArgument, type Fold, fold, noticeDevice } from "./arguments.ts";
import type { Command } from "./command.ts";
import { findDataset } from "./datasets.ts";
import { tuneAndKeep } from "./convolution_choices.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { LogFile } from "./log_file.ts";
import { print, printError } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

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
  seed: number;
  num_epochs?: number;
  num_iterations_per_epoch?: number;
  num_val_iterations_per_epoch?: number;
  initial_lr?: number;
  optimizer?: TrainerSettings["optimizer"];
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
    parser.add_argument("--seed", {
      type: "int",
      default: 12345,
      help: "of weights, patches and augmentation: the same seed repeats a training on the same " +
        "GPU [default: 12345]",
    });
    const ofTrainer = "[default: the trainer's]";
    parser.add_argument("--num_epochs", { type: "int", help: `epochs to train ${ofTrainer}` });
    parser.add_argument("--num_iterations_per_epoch", {
      type: "int",
      help: `batches per epoch ${ofTrainer}`,
    });
    parser.add_argument("--num_val_iterations_per_epoch", {
      type: "int",
      help: `validation batches per epoch ${ofTrainer}`,
    });
    parser.add_argument("--initial_lr", {
      type: "float",
      help: `learning rate of the first epoch ${ofTrainer}`,
    });
    parser.add_argument("--optimizer", {
      choices: ["sgd", "adamw"],
      help: `adamw learns in fewer steps, sgd is nnU-Net's ${ofTrainer}`,
    });
  },
  async run(args: TrainArguments, folders: Folders): Promise<void> {
    checkTrainArguments(args);
    noticeDevice(args.device);
    const store = new DenoStore();
    const settings = chosenSettings(args);
    const dataset = await findDataset(store, folders, args.dataset_name_or_id);
    const resultsFolder = `${folders.results}/${dataset}`;
    const start = await startingPoint(store, args, resultsFolder);
    const gpu = await openGpu();
    const fold = await openFold(gpu, store, {
      preprocessedFolder: `${folders.preprocessed}/${dataset}`,
      resultsFolder,
      plansName: args.p,
      configurationName: args.configuration,
      fold: args.fold,
      settings,
      seed: start?.training.seed ?? args.seed,
    });
    const log = new LogFile(fold.foldFolder);
    writeHead(log, args, fold);
    const signal = interruptSignal("a checkpoint is written, --c continues from it");
    let weights = start?.weights;
    if (!args.val) {
      if (start) fold.trainer.restore(start);
      if (args.pretrained_weights !== undefined) {
        await loadPretrainedWeights(store, fold.trainer.network, args.pretrained_weights);
      }
      await tuneAndKeep(gpu, fold.trainer.convolutions());
      await runTraining(fold.trainer, store, {
        foldFolder: fold.foldFolder,
        writeLine: (line) => log.write(line),
        disableCheckpointing: args.disable_checkpointing,
        signal,
        onIteration: showIterations(),
      });
      log.write("Training done.");
      weights = args.val_best
        ? (await requireCheckpoint(store, fold.foldFolder, CHECKPOINTS.best)).weights
        : await fold.trainer.network.save();
    }
    // The prediction needs the memory that gradients and momenta took.
    fold.trainer.dispose();
    await validateFold(gpu, store, {
      model: { ...fold.model, folds: [weights!] },
      cases: fold.split.val,
      caseFolder: fold.caseFolder,
      referenceFolder: `${folders.preprocessed}/${dataset}/gt_segmentations`,
      outputFolder: `${fold.foldFolder}/validation`,
      saveProbabilities: args.npz,
      writeLine: (line) => log.write(line),
      onProgress: progressBar(),
      signal,
    });
    gpu.destroy();
    print(`Results are in ${fold.foldFolder}`);
  },
};

/** The trainer's settings with those of the flags. */
export function chosenSettings(args: TrainArguments): TrainerSettings {
  const settings = trainerSettings(args.tr);
  return {
    ...settings,
    epochs: args.num_epochs ?? settings.epochs,
    iterations: args.num_iterations_per_epoch ?? settings.iterations,
    validationIterations: args.num_val_iterations_per_epoch ?? settings.validationIterations,
    initialLearningRate: args.initial_lr ?? settings.initialLearningRate,
    optimizer: args.optimizer ?? settings.optimizer,
  };
}

const CITATION = [
  "",
  "#######################################################################",
  "Please cite the following paper when using nnU-Net:",
  "Isensee, F., Jaeger, P. F., Kohl, S. A., Petersen, J., & Maier-Hein, K. H. (2021). nnU-Net: a " +
  "self-configuring method for deep learning-based biomedical image segmentation. Nature Methods, " +
  "18(2), 203-211.",
  "#######################################################################",
  "",
];

/** What training or validation begins from: for `--c`, `--val` and `--val_best` a checkpoint. */
async function startingPoint(
  store: DenoStore,
  args: TrainArguments,
  resultsFolder: string,
): Promise<Checkpoint | undefined> {
  const foldFolder =
    `${resultsFolder}/${args.tr}__${args.p}__${args.configuration}/fold_${args.fold}`;
  if (args.val) {
    const name = args.val_best ? CHECKPOINTS.best : CHECKPOINTS.final;
    return await requireCheckpoint(store, foldFolder, name);
  }
  if (!args.c) return undefined;
  const checkpoint = await findCheckpoint(store, foldFolder);
  if (!checkpoint) printError(`No checkpoint in ${foldFolder} to continue from: starting anew`);
  return checkpoint;
}

async function requireCheckpoint(
  store: DenoStore,
  foldFolder: string,
  name: string,
): Promise<Checkpoint> {
  const checkpoint = await findCheckpoint(store, foldFolder, [name]);
  if (checkpoint) return checkpoint;
  throw new DataError(
    `Cannot validate "${foldFolder}": there is no ${name}, train this fold to its end first ` +
      `(--c continues a training that was stopped)`,
  );
}

/** Opens the log as nnU-Net does: citation, what is trained on, and with which plan. */
function writeHead(log: LogFile, { fold: number }: TrainArguments, fold: OpenFold): void {
  const { split, model: { configuration, configurationName } } = fold;
  for (const line of CITATION) log.writePlain(line);
  log.write(`Desired fold for training: ${number}`);
  log.write(
    `This split has ${split.train.length} training and ${split.val.length} validation cases.`,
  );
  if (overlap(split).length > 0 && number !== "all") {
    log.write("WARNING: Some validation cases are also in the training set!");
  }
  log.writePlain("");
  log.writePlain("This is the configuration used by this training:");
  log.writePlain(`Configuration name: ${configurationName}`);
  log.writePlain(` ${JSON.stringify(configuration)}`);
  log.writePlain("");
}

/** A bar for each half of an epoch; the log has the lines. */
function showIterations(): (progress: IterationProgress) => void {
  const onProgress = progressBar({ closing: false });
  return ({ epoch, phase, done, total, loss }) =>
    onProgress({
      stage: `epoch ${epoch} ${phase}`,
      done,
      total,
      message: `loss ${loss.toFixed(4)}`,
    });
}

/** Throws {@linkcode DataError} for flags that exclude one another. */
export function checkTrainArguments(args: TrainArguments): void {
  const refuse = (flags: string, why: string, fix: string) => {
    throw new DataError(`Cannot train with ${flags}: ${why}, ${fix}`);
  };
  const amounts = [
    "num_epochs",
    "num_iterations_per_epoch",
    "num_val_iterations_per_epoch",
    "initial_lr",
  ] as const;
  for (const name of amounts) {
    if ((args[name] ?? 1) <= 0) {
      refuse(`--${name} ${args[name]}`, "it must be above 0", "give another number");
    }
  }
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
