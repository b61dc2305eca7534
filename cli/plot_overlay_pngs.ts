import type { ArgumentParser } from "argparse";
import { join } from "node:path";
import type { CaseFiles } from "../nnunet/dataset.ts";
import { DataError } from "../nnunet/errors.ts";
import { readImages, readSeg } from "../nnunet/imageio/mod.ts";
import { overlayPng } from "../nnunet/pictures/overlay.ts";
import { getConfiguration, parsePlans } from "../nnunet/plans.ts";
import { PreprocessedCase } from "../nnunet/preprocessing/preprocessed_case.ts";
import { addIgnoredProcesses } from "./arguments.ts";
import type { Command } from "./command.ts";
import { findRawFolder, openRawDataset, type RawDataset, readText } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

interface Arguments {
  /** Id or name. */
  d: string;
  o: string;
  channel_idx: number;
  use_raw: boolean;
  p: string;
  c?: string;
  overlay_intensity: number;
}

/** A scan with its labels. */
interface LabelledScan {
  /** One channel, `[z, y, x]`. */
  scan: Float32Array;
  labels: ArrayLike<number>;
  shape: number[];
}

export const command: Command = {
  example: "-d 4 -o overlays --use_raw",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("-d", { required: true, metavar: "DATASET", help: "id or name" });
    parser.add_argument("-o", {
      required: true,
      metavar: "FOLDER",
      help: "where the pictures are written, one a case",
    });
    addIgnoredProcesses(parser, "-np");
    parser.add_argument("-channel_idx", {
      type: "int",
      default: 0,
      help: "channel to show, from 0 [default: 0]",
    });
    parser.add_argument("--use_raw", {
      action: "store_true",
      help: "show raw images in place of preprocessed ones",
    });
    parser.add_argument("-p", {
      default: "nnUNetPlans",
      metavar: "PLANS",
      help: "name of the plans [default: nnUNetPlans]",
    });
    parser.add_argument("-c", {
      metavar: "CONFIGURATION",
      help: "configuration [default: 3d_fullres, else 2d]",
    });
    parser.add_argument("-overlay_intensity", {
      type: "float",
      default: 0.6,
      help: "how strong the colours are [default: 0.6]",
    });
  },
  async run(args: Arguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const dataset = await openRawDataset(store, await findRawFolder(store, folders, args.d));
    const load = args.use_raw
      ? (files: CaseFiles) => loadRaw(store, dataset, files, args.channel_idx)
      : await preprocessedLoader(store, folders, dataset, args);
    const signal = interruptSignal("the pictures made so far are kept");
    const onProgress = progressBar();
    const total = dataset.cases.length;
    for (const [done, files] of dataset.cases.entries()) {
      signal.throwIfAborted();
      onProgress({ stage: "plot overlays", done, total, message: files.identifier });
      const { scan, labels, shape } = await load(files);
      const png = overlayPng(scan, labels, shape, args.overlay_intensity);
      await store.write(join(args.o, `${files.identifier}.png`), png);
    }
    onProgress({ stage: "plot overlays", done: total, total });
    print(`${dataset.name}: ${total} pictures written to ${args.o}`);
  },
};

async function loadRaw(
  store: DenoStore,
  { reader }: RawDataset,
  { identifier, images, label }: CaseFiles,
  channel: number,
): Promise<LabelledScan> {
  // A coloured picture is one file with several channels.
  const [file, within] = images.length === 1 ? [images[0], channel] : [images[channel], 0];
  if (file === undefined) throw noChannel(identifier, channel, images.length);
  const image = await readImages(store, reader, [file]);
  const { data: labels } = await readSeg(store, reader, label);
  const shape = image.shape.slice(1);
  if (labels.length !== shape.reduce((a, b) => a * b, 1)) {
    throw new DataError(
      `Cannot plot case "${identifier}": image and label map differ in size, ` +
        `see dataset check -d ID`,
    );
  }
  return { scan: channelOf(identifier, image.data, image.shape[0], within), labels, shape };
}

async function preprocessedLoader(
  store: DenoStore,
  folders: Folders,
  { name }: RawDataset,
  { p, c, channel_idx }: Arguments,
): Promise<(files: CaseFiles) => Promise<LabelledScan>> {
  const path = `${folders.preprocessed}/${name}/${p}.json`;
  const plans = parsePlans(await readText(store, path), path);
  const configuration = c ??
    (Object.hasOwn(plans.configurations, "3d_fullres") ? "3d_fullres" : "2d");
  const { data_identifier } = getConfiguration(plans, configuration);
  const folder = `${folders.preprocessed}/${name}/${data_identifier}`;
  return async ({ identifier }) => {
    const { data, seg, shape } = await (await PreprocessedCase.open(store, folder, identifier))
      .read();
    // −1 marks what was cut away around the subject.
    const labels = seg.map((label) => Math.max(label, 0));
    return {
      scan: channelOf(identifier, data, shape[0], channel_idx),
      labels,
      shape: shape.slice(1),
    };
  };
}

function channelOf(
  identifier: string,
  data: Float32Array,
  channels: number,
  channel: number,
): Float32Array {
  if (!(channel >= 0 && channel < channels)) throw noChannel(identifier, channel, channels);
  const size = data.length / channels;
  return data.subarray(channel * size, (channel + 1) * size);
}

function noChannel(identifier: string, channel: number, channels: number): DataError {
  return new DataError(
    `Cannot plot channel ${channel} of case "${identifier}": it has ${channels}, counted from 0, ` +
      `give another -channel_idx`,
  );
}
