import type { Command } from "./command.ts";

/** A subcommand in the overview; its file is loaded when it is called. */
export interface CommandEntry {
  /** What it does, in a sentence. */
  summary: string;
  load: () => Promise<{ command: Command }>;
}

/** Every subcommand: nnU-Net's `nnUNetv2_*` without the prefix, in the order of a project's life. */
export const COMMANDS: Record<string, CommandEntry> = {
  doctor: {
    summary: "Shows which GPU will be used, what it can do, and what to install if none is found",
    load: () => import("./doctor.ts"),
  },
  prepare: {
    summary: "Makes a raw dataset of a folder of images and one of label maps, in any format",
    load: () => import("./prepare.ts"),
  },
  dataset: {
    summary: "Checks a raw dataset, lists what is wrong, the worst first, and repairs it",
    load: () => import("./dataset_check.ts"),
  },
  convert_MSD_dataset: {
    summary: "Converts a task of the Medical Segmentation Decathlon to a raw dataset",
    load: () => import("./convert_msd_dataset.ts"),
  },
  convert_old_nnUNet_dataset: {
    summary: "Converts a task folder of nnU-Net v1 to a raw dataset",
    load: () => import("./convert_old_nnunet_dataset.ts"),
  },
  plan_and_preprocess: {
    summary: "Looks at a raw dataset, plans networks that fit it, and preprocesses its cases",
    load: () => import("./plan_and_preprocess.ts"),
  },
  extract_fingerprint: {
    summary:
      "Looks at a raw dataset: shapes, spacings, intensities (a part of plan_and_preprocess)",
    load: () => import("./extract_fingerprint.ts"),
  },
  plan_experiment: {
    summary: "Plans networks from the fingerprint of a dataset (a part of plan_and_preprocess)",
    load: () => import("./plan_experiment.ts"),
  },
  preprocess: {
    summary: "Preprocesses the cases of a planned dataset (a part of plan_and_preprocess)",
    load: () => import("./preprocess.ts"),
  },
  plot_overlay_pngs: {
    summary: "Draws a slice of every case with its labels in colour, to look whether they fit",
    load: () => import("./plot_overlay_pngs.ts"),
  },
  move_plans_between_datasets: {
    summary: "Copies the plans of one dataset to another, e.g. to pretrain with the same network",
    load: () => import("./move_plans_between_datasets.ts"),
  },
  train: {
    summary: "Trains one fold of a configuration and validates it",
    load: () => import("./train.ts"),
  },
  predict: {
    summary: "Segments all images of a folder with a trained model",
    load: () => import("./predict.ts"),
  },
  evaluate_folder: {
    summary: "Compares predicted label maps with the truth, labels taken from dataset.json",
    load: () => import("./evaluate_folder.ts"),
  },
  evaluate_simple: {
    summary: "Compares predicted label maps with the truth, for the labels given",
    load: () => import("./evaluate_simple.ts"),
  },
};

/**
 * The subcommand that a user means: its own name, or nnU-Net's full one (`nnUNetv2_train`).
 * `undefined` if there is no such thing.
 */
export function resolveCommand(word: string): string | undefined {
  const name = withoutPrefix(word);
  return Object.hasOwn(COMMANDS, name) ? name : undefined;
}

/** The subcommand whose name is nearest to `word`; one that begins with it is nearer than others. */
export function nearestCommand(word: string): string {
  const name = withoutPrefix(word).toLowerCase();
  const distance = (command: string) =>
    command.startsWith(name) ? 0 : editDistance(name, command.toLowerCase());
  return Object.keys(COMMANDS).reduce((a, b) => distance(b) < distance(a) ? b : a);
}

function withoutPrefix(word: string): string {
  return word.replace(/^nnUNet(v2)?_/i, "");
}

/** Levenshtein's distance: insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(previous[j] + 1, current[j - 1] + 1, replaced);
    }
    previous = current;
  }
  return previous[b.length];
}
