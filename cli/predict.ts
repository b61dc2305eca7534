import type { ArgumentParser } from "argparse";
import { join } from "node:path";
import { openGpu } from "../engine/mod.ts";
import { groupChannels, listFiles } from "../nnunet/dataset.ts";
import {
  groupSeries,
  listSeriesFolders,
  readSeriesImages,
} from "../nnunet/dicom/series_folders.ts";
import { DataError } from "../nnunet/errors.ts";
import { type ReaderName, readImages } from "../nnunet/imageio/mod.ts";
import { Predictor } from "../nnunet/inference/predictor.ts";
import { openTrainedModel } from "../nnunet/inference/trained_model.ts";
import { writePrediction } from "../nnunet/inference/write_prediction.ts";
import { labelValuesOf } from "../nnunet/label_values.ts";
import { formatPythonJson } from "../nnunet/python_json.ts";
import {
  addDeviceArgument,
  addIgnoredProcesses,
  type Fold,
  fold,
  noticeDevice,
} from "./arguments.ts";
import type { Command } from "./command.ts";
import { findDataset } from "./datasets.ts";
import { loadConvolutionChoices } from "./convolution_choices.ts";
import { decodeDicom } from "./decode_dicom.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

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
  stored_labels: boolean;
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
      help:
        "images, named CASE_0000.nii.gz, CASE_0001.nii.gz, … (one file a channel), or folders " +
        "of DICOM slices, named CASE, or CASE_0000, CASE_0001, …",
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
    parser.add_argument("--stored_labels", {
      action: "store_true",
      help: "write label maps with the values or colours that the user's own had before prepare " +
        "or dataset check changed them to 0, 1, 2, …",
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
      help: "accepted for nnU-Net's scripts; volumes too large for the GPU are kept in the " +
        "computer's memory by themselves",
    });
  },
  async run(args: PredictArguments, folders: Folders): Promise<void> {
    checkPredictArguments(args);
    noticeDevice(args.device);
    const store = new DenoStore();
    const modelFolder = await findModelFolder(store, folders, args);
    const model = await openTrainedModel(store, modelFolder, {
      folds: args.f,
      checkpoint: args.chk,
    });
    const cases = await casesToPredict(store, args, model.datasetJson.file_ending);
    await describeOutput(store, modelFolder, args);
    if (cases.length === 0) return;
    const gpu = await openGpu();
    await loadConvolutionChoices(gpu);
    const predictor = new Predictor(gpu, model, {
      tileStepSize: args.step_size,
      mirroring: !args.disable_tta,
    });
    await predictCases(store, predictor, cases, args);
    predictor.dispose();
    gpu.destroy();
  },
};

/** A case of the input folder. */
interface PredictionCase {
  identifier: string;
  /** Its channels in order: files, or folders of DICOM series. */
  images: string[];
  isDicom: boolean;
}

/** `nnUNet_results/DATASET/TRAINER__PLANS__CONFIGURATION`. */
async function findModelFolder(
  store: DenoStore,
  folders: Folders,
  { d, tr, p, c }: PredictArguments,
): Promise<string> {
  const dataset = await findDataset(store, folders, d);
  const folder = `${folders.results}/${dataset}/${tr}__${p}__${c}`;
  if (await store.stat(folder)) return folder;
  throw new DataError(
    `Cannot predict with "${folder}": there is no such model, ` +
      `train it or check -d, -c, -p and -tr`,
  );
}

/** This machine's share of the cases in the input folder, less those that are there already. */
async function casesToPredict(
  store: DenoStore,
  args: PredictArguments,
  fileEnding: string,
): Promise<PredictionCase[]> {
  const names = await listFiles(store, args.i, fileEnding);
  // A dataset that came from DICOM is one of .nii.gz.
  const isDicom = names.length === 0 && fileEnding === ".nii.gz";
  const all = isDicom
    ? groupSeries(await listSeriesFolders(store, args.i))
    : groupChannels(names, fileEnding);
  if (all.length === 0) {
    throw new DataError(
      `Cannot predict "${args.i}": no file there ends in ${fileEnding}, check the folder`,
    );
  }
  const unnumbered = all.find(([, files]) => files.length === 0);
  if (unnumbered) {
    throw new DataError(
      `Cannot predict "${args.i}": files of "${unnumbered[0]}" do not end in a channel number, ` +
        `name them CASE_0000${fileEnding}`,
    );
  }
  const cases = all.filter((_, i) => i % args.num_parts === args.part_id)
    .map(([identifier, files]) => ({
      identifier,
      images: files.map((file) => join(args.i, file)),
      isDicom,
    }));
  if (!args.continue_prediction) return cases;
  const endings = [fileEnding, ...args.save_probabilities ? [".npz"] : []];
  const isDone = async ({ identifier }: PredictionCase) => {
    const outputs = endings.map((ending) => store.stat(join(args.o, identifier + ending)));
    return (await Promise.all(outputs)).every((stat) => stat !== undefined);
  };
  const done = await Promise.all(cases.map(isDone));
  const left = cases.filter((_, i) => !done[i]);
  print(`${cases.length - left.length} of ${cases.length} cases are there already`);
  return left;
}

/** Puts beside the predictions what says how they were made (spec 06/2). */
async function describeOutput(
  store: DenoStore,
  modelFolder: string,
  args: PredictArguments,
): Promise<void> {
  for (const name of ["dataset.json", "plans.json"]) {
    await store.write(join(args.o, name), await store.read(`${modelFolder}/${name}`));
  }
  const call = {
    list_of_lists_or_source_folder: args.i,
    output_folder_or_list_of_truncated_output_files: args.o,
    save_probabilities: args.save_probabilities,
    overwrite: !args.continue_prediction,
    folder_with_segs_from_prev_stage: args.prev_stage_predictions ?? null,
    num_parts: args.num_parts,
    part_id: args.part_id,
  };
  const path = join(args.o, "predict_from_raw_data_args.json");
  await store.write(path, formatPythonJson(call, { sortKeys: true }));
}

async function predictCases(
  store: DenoStore,
  predictor: Predictor,
  cases: PredictionCase[],
  args: PredictArguments,
): Promise<void> {
  const { plans, datasetJson } = predictor.model;
  // The model was opened with these plans, so the name is one of ours.
  const reader = plans.image_reader_writer as ReaderName;
  const labelValues = args.stored_labels ? labelValuesOf(datasetJson) : undefined;
  const signal = interruptSignal("the same command with --continue_prediction goes on");
  const onProgress = progressBar({ disabled: args.disable_progress_bar });
  for (const [done, { identifier, images, isDicom }] of cases.entries()) {
    const report = (share: number) =>
      onProgress({
        stage: "predict",
        done: done + share,
        total: cases.length,
        message: identifier,
      });
    report(0);
    const image = isDicom
      ? await readSeriesImages(store, reader, images, decodeDicom)
      : await readImages(store, reader, images);
    const hooks = { signal, onWindow: (k: number, of: number) => report(Math.min(k / of, 0.99)) };
    const prediction = args.save_probabilities
      ? await predictor.predictProbabilities(image, hooks)
      : await predictor.predict(image, hooks);
    const path = join(args.o, identifier);
    const file = { path, fileEnding: datasetJson.file_ending, reader, labelValues };
    await writePrediction(store, file, prediction, prediction.properties);
  }
  onProgress({ stage: "predict", done: cases.length, total: cases.length });
  print(`${cases.length} cases segmented, written to ${args.o}`);
}

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
