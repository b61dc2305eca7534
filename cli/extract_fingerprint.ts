import type { ArgumentParser } from "argparse";
import { extractFingerprint, type Fingerprint, formatFingerprint } from "../nnunet/fingerprint.ts";
import { parseFingerprint } from "../nnunet/parse_fingerprint.ts";
import { addIgnoredProcesses } from "./arguments.ts";
import { CaseWorkers, workersForLarge } from "./case_workers.ts";
import type { Command } from "./command.ts";
import { findRawFolder, openRawDataset, type RawDataset, readText } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { interruptSignal } from "./interrupt.ts";
import { print } from "./print.ts";
import { verifyDataset } from "./verify_dataset.ts";
import { progressBar } from "./progress_bar.ts";

/** Arguments of `extract_fingerprint`; `plan_and_preprocess` has them, too. */
export interface FingerprintArguments {
  /** Ids or names. */
  d: string[];
  verify_dataset_integrity: boolean;
  clean: boolean;
  no_pbar: boolean;
}

export const command: Command = {
  example: "-d 4 --verify_dataset_integrity",
  addArguments(parser: ArgumentParser): void {
    addFingerprintArguments(parser);
    addIgnoredProcesses(parser, "-np");
  },
  async run(args: FingerprintArguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const signal = interruptSignal("nothing has been written yet");
    for (const nameOrId of args.d) {
      const folder = await findRawFolder(store, folders, nameOrId);
      if (args.verify_dataset_integrity) await verifyDataset(store, folder, args, signal);
      const dataset = await openRawDataset(store, folder);
      await fingerprintDataset(store, folders, dataset, args, signal);
    }
  },
};

/** Declares what says how fingerprints are extracted. */
export function addFingerprintArguments(parser: ArgumentParser): void {
  addDatasetsArgument(parser);
  parser.add_argument("-fpe", {
    default: "DatasetFingerprintExtractor",
    choices: ["DatasetFingerprintExtractor"],
    help: "fingerprint extractor; there is one",
  });
  parser.add_argument("--verify_dataset_integrity", {
    action: "store_true",
    help: "check first that every case is complete and consistent; worth it for a new dataset",
  });
  parser.add_argument("--clean", {
    action: "store_true",
    help: "extract the fingerprint anew although there is one",
  });
  addProgressArgument(parser);
}

/** Declares `-d`. */
export function addDatasetsArgument(parser: ArgumentParser): void {
  parser.add_argument("-d", {
    required: true,
    nargs: "+",
    metavar: "DATASET",
    help: "datasets, by id or name",
  });
}

/** Declares `--no_pbar`. */
export function addProgressArgument(parser: ArgumentParser): void {
  parser.add_argument("--no_pbar", { action: "store_true", help: "show no progress" });
}

/** Extracts and writes the fingerprint of a dataset, unless there is one and `clean` is not set. */
export async function fingerprintDataset(
  store: DenoStore,
  folders: Folders,
  { name, cases, reader }: RawDataset,
  { clean, no_pbar }: FingerprintArguments,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const path = `${folders.preprocessed}/${name}/dataset_fingerprint.json`;
  if (!clean && await store.stat(path)) {
    print(`${name}: keeping the fingerprint that is there (--clean extracts it anew)`);
    return parseFingerprint(await readText(store, path), path);
  }
  using workers = new CaseWorkers();
  const images = cases.flatMap((files) => files.images);
  const fingerprint = await extractFingerprint(store, reader, cases, {
    onProgress: progressBar({ disabled: no_pbar }),
    signal,
    ...await workersForLarge(store, images, (job) => workers.fingerprint(job)),
  });
  await store.write(path, formatFingerprint(fingerprint, reader));
  return fingerprint;
}
