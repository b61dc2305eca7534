/** A call of nnU-Net v1 as the call that does the same here. */
export interface TranslatedCall {
  word: string;
  argv: string[];
  /** One line: what is run instead, and what has no meaning any more. */
  notice: string;
  /** Tasks it is about, which may still be in v1's format. */
  tasks: number[];
}

/** What becomes of the arguments of one command of nnU-Net v1. */
interface V1Command {
  word: string;
  /** Whether these arguments are v1's; else they are taken as they are. */
  isV1(positional: string[], flags: Map<string, string[]>): boolean;
  /** Positional arguments here. */
  positional?(positional: string[], flags: Map<string, string[]>): string[];
  /** v1's flag to ours; `null` drops it, with its values. A function may change the values. */
  flags: Record<string, string | null | ((values: string[]) => string[])>;
}

const trainer = (values: string[]) =>
  /^nnUNetTrainerV2(CascadeFullRes)?$/.test(values[0]) ? [] : ["-tr", ...values];
const plans = (values: string[]) => values[0] === "nnUNetPlansv2.1" ? [] : ["-p", ...values];
const dataset = (values: string[]) => ["-d", ...values.map(taskNumber)];
const has = (...names: string[]) => (_: string[], flags: Map<string, string[]>) =>
  names.some((name) => flags.has(name));

const COMMANDS: Record<string, V1Command> = {
  nnUNet_plan_and_preprocess: {
    word: "plan_and_preprocess",
    isV1: has("-t", "--task_ids"),
    flags: {
      "-t": dataset,
      "--task_ids": dataset,
      "-pl3d": ([planner]) => planner === "None" ? ["-c", "2d"] : [],
      "--planner3d": ([planner]) => planner === "None" ? ["-c", "2d"] : [],
      "-pl2d": ([planner]) => planner === "None" ? ["-c", "3d_fullres", "3d_lowres"] : [],
      "--planner2d": ([planner]) => planner === "None" ? ["-c", "3d_fullres", "3d_lowres"] : [],
      "-no_pp": "--no_pp",
      "-tl": null,
      "-tf": null,
    },
  },
  nnUNet_train: {
    word: "train",
    isV1: (positional) => positional.length === 4,
    positional: ([configuration, , task, fold]) => [taskNumber(task), configuration, fold],
    flags: {
      "-c": "--c",
      "--continue_training": "--c",
      "-val": "--val",
      "--validation_only": "--val",
      "--valbest": "--val_best",
      "-p": plans,
      "--disable_saving": "--disable_checkpointing",
      "--fp32": null,
      "--deterministic": null,
      "--use_compressed_data": null,
      "--disable_postprocessing_on_folds": null,
      "--disable_validation_inference": null,
      "--val_folder": null,
    },
  },
  nnUNet_predict: {
    word: "predict",
    isV1: has("-t", "--task_name", "-m", "--model"),
    flags: {
      "-t": dataset,
      "--task_name": dataset,
      "-tr": trainer,
      "--trainer_class_name": trainer,
      "-ctr": null,
      "--cascade_trainer_class_name": null,
      "-m": "-c",
      "--model": "-c",
      "-p": plans,
      "-f": "-f",
      "--folds": "-f",
      "-z": "--save_probabilities",
      "--save_npz": "--save_probabilities",
      "-l": "-prev_stage_predictions",
      "--lowres_segmentations": "-prev_stage_predictions",
      "--part_id": "-part_id",
      "--num_parts": "-num_parts",
      "--num_threads_preprocessing": "-npp",
      "--num_threads_nifti_save": "-nps",
      "--step_size": "-step_size",
      "-chk": ([name]) => name === "model_best" ? ["-chk", "checkpoint_best.pth"] : [],
      "--mode": null,
      "--all_in_gpu": null,
      "--overwrite_existing": null,
      "--disable_mixed_precision": null,
    },
  },
  nnUNet_convert_decathlon_task: {
    word: "convert_MSD_dataset",
    isV1: () => true,
    flags: { "-p": "-np", "-output_task_id": "-overwrite_id" },
  },
  nnUNet_find_best_configuration: {
    word: "find_best_configuration",
    isV1: has("-t", "--task_name"),
    positional: (_, flags) =>
      (flags.get("-t") ?? flags.get("--task_name")!).slice(0, 1).map(taskNumber),
    flags: {
      "-t": null,
      "--task_name": null,
      "-m": "-c",
      "--models": "-c",
      "-tr": null,
      "-ctr": null,
      "-pl": null,
      "--strict": null,
    },
  },
  nnUNet_ensemble: {
    word: "ensemble",
    isV1: has("-f", "--folders"),
    flags: { "-f": "-i", "--folders": "-i", "-t": "-np", "-pp": null, "--npz": "--save_npz" },
  },
};

/** `Task001_Brain`, `001` and `1` to `1`. */
function taskNumber(task: string): string {
  const [, digits] = /^(?:Task)?(\d+)/.exec(task) ?? [];
  return digits === undefined ? task : String(Number(digits));
}

/**
 * Translates a call of nnU-Net v1, as its tutorials have them (spec 08, section 5); `undefined` for
 * any other call.
 */
export function translateV1(word: string, argv: string[]): TranslatedCall | undefined {
  if (!Object.hasOwn(COMMANDS, word)) return undefined;
  const command = COMMANDS[word];
  const { positional, flags } = split(argv);
  if (!command.isV1(positional, flags)) return undefined;
  const ignored: string[] = [];
  const translated = [...flags].flatMap(([flag, values]) => {
    const rule = Object.hasOwn(command.flags, flag) ? command.flags[flag] : flag;
    if (typeof rule === "string") return [rule, ...values];
    if (rule !== null) return rule(values);
    if (!TASK_FLAGS.includes(flag)) ignored.push(flag);
    return [];
  });
  const call = [...command.positional?.(positional, flags) ?? positional, ...translated];
  if (word === "nnUNet_train") call.push(...trainer(positional.slice(1, 2)));
  const without = ignored.length > 0 ? ` (leaving out ${ignored.join(", ")})` : "";
  const tasks = TASK_FLAGS.flatMap((flag) => flags.get(flag) ?? []).map((task) =>
    Number(taskNumber(task))
  );
  return {
    word: command.word,
    argv: call,
    notice: `${word} is nnU-Net v1's, running: ${[command.word, ...call].join(" ")}${without}`,
    tasks: tasks.filter(Number.isInteger),
  };
}

const TASK_FLAGS = ["-t", "--task_ids", "--task_name"];

/** Arguments by flag; those before the first flag are positional. */
function split(argv: string[]): { positional: string[]; flags: Map<string, string[]> } {
  const flags = new Map<string, string[]>();
  const positional: string[] = [];
  let values = positional;
  for (const word of argv) {
    if (/^--?[A-Za-z]/.test(word)) flags.set(word, values = []);
    else values.push(word);
  }
  return { positional, flags };
}
