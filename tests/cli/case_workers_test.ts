import assert from "node:assert/strict";
import { join } from "node:path";
import { DenoStore } from "../../cli/deno_store.ts";
import { CaseWorkers, workersForLarge } from "../../cli/case_workers.ts";
import { discoverCases, parseDatasetJson } from "../../nnunet/dataset.ts";
import { readCaseFingerprint } from "../../nnunet/fingerprint.ts";
import { checkCase, type CheckCaseJob } from "../../nnunet/integrity_case.ts";
import { planExperiment } from "../../nnunet/planning/plan_experiment.ts";
import { preprocessTrainingCase } from "../../nnunet/preprocessing/preprocess_training_case.ts";

const RAW = join(import.meta.dirname!, "../../examples/hippocampus/Dataset004_Hippocampus");

Deno.test("a worker writes what this thread would write, and hands back its failures", async () => {
  const folder = await Deno.makeTempDir();
  using workers = new CaseWorkers();
  try {
    const store = new DenoStore();
    const json = parseDatasetJson(await Deno.readTextFile(`${RAW}/dataset.json`), "dataset.json");
    const [first, second] = await discoverCases(store, RAW, json);
    const plans = planExperiment(json, {
      foreground_intensity_properties_per_channel: {},
      median_relative_size_after_cropping: 1,
      shapes_after_crop: [[36, 50, 35]],
      spacings: [[1, 1, 1]],
    }, { datasetName: "Dataset004_Hippocampus", imageReaderWriter: "SimpleITKIO" });
    const job = { json, plans, configurationName: "3d_fullres" };
    const [here, there] = [`${folder}/here`, `${folder}/there`];

    await preprocessTrainingCase(store, { ...job, files: first, target: here });
    await Promise.all(
      [first, second].map((files) => workers.preprocess({ ...job, files, target: there })),
    );
    const name = `${first.identifier}.npz`;
    assert.deepEqual(await store.read(`${there}/${name}`), await store.read(`${here}/${name}`));

    const broken = { ...first, label: `${folder}/missing.nii.gz` };
    await assert.rejects(workers.preprocess({ ...job, files: broken, target: there }), {
      name: "DataError",
      message: /missing\.nii\.gz/,
    });
    await workers.preprocess({ ...job, files: second, target: there });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a worker checks a case and extracts its fingerprint as this thread would", async () => {
  using workers = new CaseWorkers();
  const store = new DenoStore();
  const json = parseDatasetJson(await Deno.readTextFile(`${RAW}/dataset.json`), "dataset.json");
  const [files] = await discoverCases(store, RAW, json);
  const reader = "SimpleITKIO";

  const fingerprintJob = { reader, files, samples: 100 } as const;
  assert.deepEqual(
    await workers.fingerprint(fingerprintJob),
    await readCaseFingerprint(store, fingerprintJob),
  );
  const checkJob: CheckCaseJob = { reader, files, channels: ["MRI", "another"], labels: [0, 1] };
  const findings = await workers.check(checkJob);
  assert.deepEqual(findings, await checkCase(store, checkJob));
  assert.deepEqual(findings.map(({ kind }) => kind), ["label values", "channels"]);
});

Deno.test("workersForLarge() leaves small datasets to this thread", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = () => Promise.resolve();
    const path = `${folder}/image`;
    await Deno.writeTextFile(path, "");
    assert.deepEqual(await workersForLarge(new DenoStore(), [path], run), {});
    // Takes no room: what was never written of a file is not stored.
    await Deno.truncate(path, 2 ** 26);
    assert.equal((await workersForLarge(new DenoStore(), [path, path], run)).runCase, run);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
