import { basename } from "node:path";
import { DataError } from "../nnunet/errors.ts";
import { isError, verifyDatasetIntegrity } from "../nnunet/integrity.ts";
import { CaseWorkers, workersForLarge } from "./case_workers.ts";
import type { DenoStore } from "./deno_store.ts";
import { print, printError } from "./print.ts";
import { progressBar } from "./progress_bar.ts";

/**
 * Checks a raw dataset and prints what may be wrong with it, all of it.
 *
 * @throws {DataError} when something keeps it from being used
 */
export async function verifyDataset(
  store: DenoStore,
  folder: string,
  { no_pbar }: { no_pbar: boolean },
  signal: AbortSignal,
): Promise<void> {
  using workers = new CaseWorkers();
  // Which files are images of the dataset is known only when it has been verified.
  const images = (await store.list(`${folder}/imagesTr`)).map(({ name }) =>
    `${folder}/imagesTr/${name}`
  );
  const findings = await verifyDatasetIntegrity(store, folder, {
    environment: Deno.env.toObject(),
    onProgress: progressBar({ disabled: no_pbar }),
    signal,
    ...await workersForLarge(store, images, (job) => workers.check(job)),
  });
  const errors = findings.filter(isError);
  for (const finding of findings) {
    if (isError(finding) && errors.length === 1) continue;
    printError(`${finding.severity === "error" ? "Error" : "Warning"}: ${finding.message}`);
  }
  if (errors.length === 1) throw new DataError(errors[0].message);
  if (errors.length > 1) {
    throw new DataError(
      `Cannot use "${folder}": it has ${errors.length} errors, correct them or try ` +
        `"dataset check -d ${basename(folder)} --fix"`,
    );
  }
  print(`${folder}: every case is complete and consistent`);
}
