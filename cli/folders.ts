import { resolve } from "node:path";
import { DataError } from "../nnunet/errors.ts";
import { printError } from "./print.ts";

/** The flags beside the environment variables. */
export interface FolderFlags {
  raw?: string;
  preprocessed?: string;
  results?: string;
}

/** The three folders that nnU-Net works in; asking for one that nobody named throws. */
export interface Folders {
  /** Parent of the raw datasets, `nnUNet_raw`. */
  readonly raw: string;
  /** Parent of the preprocessed datasets, `nnUNet_preprocessed`. */
  readonly preprocessed: string;
  /** Parent of trained models, `nnUNet_results`. */
  readonly results: string;
  /** Those of the three that were named. */
  readonly known: { raw?: string; preprocessed?: string; results?: string };
}

const WHAT = {
  raw: "raw datasets",
  preprocessed: "preprocessed datasets",
  results: "trained models",
};

/** nnU-Net v1's variables, and the folder below them that holds what v2's variable names. */
const V1 = {
  raw: ["nnUNet_raw_data_base", "nnUNet_raw_data"],
  preprocessed: undefined,
  results: ["RESULTS_FOLDER", "nnUNet"],
};

/**
 * The folders as given by `--raw`, `--preprocessed`, `--results`, else by the environment.
 * They are looked up only when used, so that a command asks for no more than it needs. Quotes that
 * a shell has left around a path (`set nnUNet_raw="C:\\data"`) are taken off, and nnU-Net v1's
 * variables are understood.
 *
 * @param notice receives a line where a variable of v1 is used
 */
export function foldersFrom(
  flags: FolderFlags,
  environment: (name: string) => string | undefined = Deno.env.get,
  notice: (line: string) => void = printError,
): Folders {
  const variable = (name: string) => environment(name)?.trim().replace(/^(["'])(.*)\1$/, "$2");
  const noticed = new Set<string>();
  const findV1 = (which: keyof FolderFlags) => {
    const [name, below] = V1[which] ?? [];
    const parent = name && variable(name);
    if (!parent || !below) return undefined;
    const folder = resolve(parent, below);
    if (!noticed.has(name)) {
      notice(`${name} is nnU-Net v1's: taking "${folder}" as nnUNet_${which}`);
      noticed.add(name);
    }
    return folder;
  };
  const find = (which: keyof FolderFlags) => {
    const folder = flags[which] ?? variable(`nnUNet_${which}`);
    return folder ? resolve(folder) : findV1(which);
  };
  const demand = (which: keyof FolderFlags) => {
    const folder = find(which);
    if (folder !== undefined) return folder;
    throw new DataError(
      `Cannot find the ${WHAT[which]}: nnUNet_${which} is not set, ` +
        `run "export nnUNet_${which}=/path/to/a/folder" or add "--${which} /path/to/a/folder"`,
    );
  };
  return {
    get raw() {
      return demand("raw");
    },
    get preprocessed() {
      return demand("preprocessed");
    },
    get results() {
      return demand("results");
    },
    get known() {
      return { raw: find("raw"), preprocessed: find("preprocessed"), results: find("results") };
    },
  };
}
