import assert from "node:assert/strict";
import { join } from "node:path";
import { DenoStore } from "../../../cli/deno_store.ts";
import { discoverCases, parseDatasetJson } from "../../../nnunet/dataset.ts";
import { extractFingerprint } from "../../../nnunet/fingerprint.ts";
import { planExperiment } from "../../../nnunet/planning/plan_experiment.ts";
import {
  copyReferenceSegmentations,
  preprocessDataset,
} from "../../../nnunet/preprocessing/preprocess_dataset.ts";
import { PreprocessedCase } from "../../../nnunet/preprocessing/preprocessed_case.ts";

const RAW = join(
  import.meta.dirname!,
  "../../../examples/hippocampus/Dataset004_Hippocampus",
);

Deno.test("preprocessDataset() continues, redoes what changed and removes what is gone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = new DenoStore();
    const text = await Deno.readTextFile(`${RAW}/dataset.json`);
    const json = parseDatasetJson(text, "dataset.json");
    const cases = (await discoverCases(store, RAW, json)).slice(0, 3);
    const fingerprint = await extractFingerprint(store, "SimpleITKIO", cases);
    const options = { datasetName: "Dataset004_Hippocampus", imageReaderWriter: "SimpleITKIO" };
    const plans = planExperiment(json, fingerprint, options);
    const run = (changes: object, signal?: AbortSignal) =>
      preprocessDataset(store, {
        json,
        cases,
        plans,
        configurationName: "3d_fullres",
        folder,
        ...changes,
      }, { signal });
    const files = async () => (await store.list(`${folder}/nnUNetPlans_3d_fullres`)).length;

    assert.deepEqual(await run({ cases: cases.slice(0, 2) }), { preprocessed: 2, kept: 0 });
    assert.deepEqual(await run({}), { preprocessed: 1, kept: 2 });
    const first = cases[0].identifier;
    const opened = await PreprocessedCase.open(store, `${folder}/nnUNetPlans_3d_fullres`, first);
    assert.deepEqual(opened.shape, [1, ...fingerprint.shapes_after_crop[0]]);

    await store.remove(`${folder}/nnUNetPlans_3d_fullres/${first}.npz`);
    assert.deepEqual(await run({}), { preprocessed: 1, kept: 2 });

    assert.deepEqual(await run({ cases: cases.slice(1) }), { preprocessed: 0, kept: 2 });
    assert.equal(await files(), 4);

    const other = structuredClone(plans);
    other.configurations["3d_fullres"].use_mask_for_norm = [true];
    assert.deepEqual(await run({ plans: other }), { preprocessed: 3, kept: 0 });

    await assert.rejects(run({}, AbortSignal.abort(new Error("stop"))), { message: "stop" });

    await copyReferenceSegmentations(store, { json, cases, folder });
    const copied = await store.read(`${folder}/gt_segmentations/${first}.nii.gz`);
    assert.deepEqual(copied, await store.read(cases[0].label));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
