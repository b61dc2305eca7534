import { resolve } from "node:path";
import { DataError } from "../nnunet/errors.ts";

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

/**
 * The folders as given by `--raw`, `--preprocessed`, `--results`, else by the environment.
 * They are looked up only when used, so that a command asks for no more than it needs.
 */
export function foldersFrom(
  flags: FolderFlags,
  environment: (name: string) => string | undefined = Deno.env.get,
): Folders {
  const find = (which: keyof FolderFlags) => {
    const folder = flags[which] ?? environment(`nnUNet_${which}`);
    return folder ? resolve(folder) : undefined;
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
    known: { raw: find("raw"), preprocessed: find("preprocessed"), results: find("results") },
  };
}
