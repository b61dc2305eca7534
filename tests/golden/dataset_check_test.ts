import assert from "node:assert/strict";
import { DenoStore } from "../../cli/deno_store.ts";
import { checkDataset, repair } from "../../nnunet/dataset_check/check_dataset.ts";
import { isError, verifyDatasetIntegrity } from "../../nnunet/integrity.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import type { Store } from "../../nnunet/store.ts";
import { goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

goldenTest("integrity", "dataset check finds an error in all that nnU-Net refuses", async () => {
  const store = new DenoStore();
  for (const { name, note, result } of readGoldenJson("integrity", "results.json").cases) {
    const { problems } = await checkDataset(store, goldenPath("integrity", "datasets", name));
    const errors = problems.filter(({ severity }) => severity === "error");
    if (result === "raises") assert.notDeepEqual(errors, [], `${name} (${note})`);
  }
});

goldenTest("integrity", "what dataset check repairs in full, nnU-Net would take", async () => {
  let repaired = 0;
  for (const { name, note } of readGoldenJson("integrity", "results.json").cases) {
    const store = new MemoryStore();
    await copyFolder(new DenoStore(goldenPath("integrity", "datasets")), store, name);
    const { problems, repairs } = await checkDataset(store, name);
    const errors = problems.filter(({ severity }) => severity === "error");
    if (errors.length === 0 || errors.some(({ fix }) => fix === undefined)) continue;
    await repair(store, name, repairs);
    const left = await verifyDatasetIntegrity(store, name);
    assert.deepEqual(left.filter(isError), [], `${name} (${note})`);
    repaired++;
  }
  // deno-lint-ignore no-console
  console.log(`${repaired} datasets repaired`);
});

async function copyFolder(from: Store, to: Store, folder: string): Promise<void> {
  for (const { name, isDirectory } of await from.list(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) await copyFolder(from, to, path);
    else await to.write(path, await from.read(path));
  }
}
