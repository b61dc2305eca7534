import { type ArgumentParser, ArgumentTypeError } from "argparse";
import { join } from "node:path";
import { datasetId, findDatasetNames } from "../nnunet/dataset.ts";
import { DataError } from "../nnunet/errors.ts";
import type { StoredValue } from "../nnunet/label_values.ts";
import {
  inspectSource,
  prepareDataset,
  type PrepareOptions,
  type SourceDataset,
} from "../nnunet/prepare.ts";
import { type Command, PROGRAM } from "./command.ts";
import { listDatasets } from "./datasets.ts";
import { decodeDicom } from "./decode_dicom.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { print } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

interface Arguments {
  i: string;
  gt?: string;
  d: string;
  channels?: string[];
  labels?: [string, StoredValue][];
}

/** Asks the user for a line; Enter gives `proposal`. */
export type Ask = (question: string, proposal: string) => string;

export const command: Command = {
  example: "-i em_membranes -d Dataset005_Membranes --channels EM --labels background=0 cell=255",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("-i", {
      required: true,
      metavar: "FOLDER",
      help: "folder with input/ (images, or a folder of DICOM slices per case) and ground_truth/ " +
        "(label maps); with -gt the images' own",
    });
    parser.add_argument("-gt", {
      metavar: "FOLDER",
      help: "folder with the label maps, named as the images",
    });
    parser.add_argument("-d", {
      required: true,
      metavar: "DATASET",
      help: "name of the new dataset, e.g. Dataset005_Membranes",
    });
    parser.add_argument("--channels", {
      nargs: "+",
      metavar: "NAME",
      help: "what the channels show, in order; CT is normalised in its own way [default: ask]",
    });
    parser.add_argument("--labels", {
      nargs: "+",
      type: labelArgument,
      metavar: "NAME=VALUE",
      help: "name of each value in the label maps, e.g. background=0 cell=255 or tumour=#ff0000; " +
        "one is background, one may be ignore [default: ask]",
    });
  },
  async run(args: Arguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const images = args.gt === undefined ? join(args.i, "input") : args.i;
    const labels = args.gt ?? join(args.i, "ground_truth");
    await checkDatasetIsNew(store, folders, args.d);
    const signal = interruptSignal("nothing is left behind");
    const source = await inspectSource(store, images, labels, {
      decodeSlices: decodeDicom,
      onProgress: progressBar(),
      signal,
    });
    const [{ images: [image], label }] = source.cases;
    print(`${source.cases.length} cases, e.g. ${image} with ${label}`);
    const names = nameThings(source, args, Deno.stdin.isTerminal() ? askOnTerminal : undefined);
    const json = await prepareDataset(store, source, {
      ...names,
      folder: `${folders.raw}/${args.d}`,
      onProgress: progressBar(),
      signal,
    });
    print(`${args.d}: labels ${describeLabels(json.labels, json.label_values)}`);
    print(
      `Next: ${PROGRAM} plan_and_preprocess -d ${datasetId(args.d)} --verify_dataset_integrity`,
    );
  },
};

/** For argparse: `cell=255`, `tumour=#ff0000`. */
export function labelArgument(text: string): [string, StoredValue] {
  const [, name, value] = /^(.+)=(\d+|#[0-9a-f]{6})$/i.exec(text) ?? [];
  if (name === undefined) {
    throw new ArgumentTypeError(
      `"${text}" is not NAME=VALUE, give e.g. cell=255 or tumour=#ff0000`,
    );
  }
  return [name, value.startsWith("#") ? value.toLowerCase() : Number(value)];
}

/**
 * Names of channels and labels: from the flags, else from the user.
 *
 * @throws {DataError} where there is nobody to ask: says which flags to add
 */
export function nameThings(
  { channels, values }: Pick<SourceDataset, "channels" | "values">,
  given: Pick<Arguments, "channels" | "labels">,
  ask: Ask | undefined,
): Pick<PrepareOptions, "channelNames" | "labels"> {
  const channelProposals = proposeChannels(channels);
  const labelProposals = proposeLabels(values.map(({ value }) => value));
  if (!ask && (!given.channels || !given.labels)) {
    const labels = labelProposals.map(([name, value]) => quoted(`${name}=${value}`));
    const flags = [
      ...given.channels ? [] : ["--channels", ...channelProposals],
      ...given.labels ? [] : ["--labels", ...labels],
    ];
    throw new DataError(
      `Cannot name channels and labels: the images have ${channels} channels, the label maps hold ` +
        `${values.map(({ value }) => value).join(", ")}, add e.g. ${flags.join(" ")}`,
    );
  }
  return {
    channelNames: given.channels ??
      channelProposals.map((name, i) => ask!(`What does channel ${i} show (e.g. CT)?`, name)),
    labels: Object.fromEntries(
      given.labels ??
        labelProposals.map(([name, value]) => [ask!(`What is ${value}?`, name), value]),
    ),
  };
}

function proposeChannels(count: number): string[] {
  if (count === 1) return ["image"];
  if (count === 3 || count === 4) return ["R", "G", "B", "A"].slice(0, count);
  return Array.from({ length: count }, (_, i) => `channel_${i}`);
}

function proposeLabels(values: StoredValue[]): [string, StoredValue][] {
  const zero = typeof values[0] === "string" ? "#000000" : 0;
  const all = values.includes(zero) ? values : [zero, ...values];
  return all.map((value) => [
    value === zero ? "background" : `label_${String(value).replace("#", "")}`,
    value,
  ]);
}

function askOnTerminal(question: string, proposal: string): string {
  return prompt(question, proposal)?.trim() || proposal;
}

/** A shell takes `#` at the start of a word for a comment only; other characters are harmless here. */
function quoted(word: string): string {
  return /^[\w=#.-]+$/.test(word) ? word : `'${word}'`;
}

async function checkDatasetIsNew(
  store: DenoStore,
  folders: Folders,
  name: string,
): Promise<void> {
  const names = await listDatasets(store, folders);
  const taken = findDatasetNames(datasetId(name), names).filter((other) => other !== name);
  if (taken.length > 0) {
    throw new DataError(`Cannot prepare "${name}": ${taken[0]} has this id, choose another`);
  }
}

function describeLabels(labels: Record<string, unknown>, stored: unknown): string {
  const before = stored as Record<string, StoredValue> | undefined;
  return Object.entries(labels).map(([name, label]) =>
    before ? `${name} ${label} (was ${before[name]})` : `${name} ${label}`
  ).join(", ");
}
