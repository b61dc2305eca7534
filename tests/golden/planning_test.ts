import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { parseDatasetJson } from "../../nnunet/dataset.ts";
import { DataError } from "../../nnunet/errors.ts";
import type { Fingerprint } from "../../nnunet/fingerprint.ts";
import {
  planExperiment,
  type PlanExperimentOptions,
} from "../../nnunet/planning/plan_experiment.ts";
import { formatPlans, parsePlans, type Plans } from "../../nnunet/plans.ts";
import { goldenNames, goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";
import { determineReader } from "../../nnunet/imageio/mod.ts";

interface PlanningCase {
  name: string;
  dataset_json: unknown;
  fingerprint: Fingerprint;
  planner: string;
  gpu_memory_target: number | null;
  overwrite_target_spacing: number[] | null;
  plans?: Plans;
  error?: unknown;
}

function plan(golden: PlanningCase, imageReaderWriter: string): Plans {
  const json = parseDatasetJson(JSON.stringify(golden.dataset_json), "dataset.json");
  return planExperiment(json, golden.fingerprint, {
    datasetName: golden.name,
    imageReaderWriter,
    planner: golden.planner,
    gpuMemoryTargetInGb: golden.gpu_memory_target ?? undefined,
    overwriteTargetSpacing: golden.overwrite_target_spacing ?? undefined,
  });
}

/** The case's text in nnU-Net's own file, so that floats, ints and key order are compared too. */
function planningLines(): string[] {
  return Deno.readTextFileSync(goldenPath("planning", "cases.jsonl")).trim().split("\n");
}

goldenTest("planning", "plans equal nnU-Net's in every key, number and type", () => {
  for (const line of planningLines()) {
    const golden: PlanningCase = JSON.parse(line);
    if (!golden.plans) continue;
    const plans = plan(golden, golden.plans.image_reader_writer);
    assert.deepEqual(JSON.parse(JSON.stringify(plans)), golden.plans, golden.name);
    // The line was written by Python without indentation: the texts agree but for white space.
    const text = formatPlans(plans).replace(/\n\s*/g, "").replaceAll('":', '": ');
    const expected = line.slice(line.indexOf('"plans": ') + 9, -1);
    assert.equal(stripBlanks(text), stripBlanks(expected), golden.name);
  }
});

goldenTest("planning", "what nnU-Net refuses is refused", async () => {
  for (const line of planningLines()) {
    const golden: PlanningCase = JSON.parse(line);
    if (!golden.error) continue;
    const { file_ending } = golden.dataset_json as { file_ending: string };
    await assert.rejects(
      async () => plan(golden, await determineReader(file_ending)),
      DataError,
      golden.name,
    );
  }
});

goldenTest("preprocessing", "plans of whole datasets are equal as text", () => {
  for (const name of goldenNames("preprocessing")) {
    const { planner, gpu_memory_target_in_gb } = readGoldenJson("preprocessing", name, "meta.json");
    comparePlans(["preprocessing", name], ["preprocessing", name, "raw"], {
      planner,
      gpuMemoryTargetInGb: gpu_memory_target_in_gb ?? undefined,
    });
  }
});

goldenTest("hippocampus", "plans of the real dataset are equal as text", () => {
  comparePlans(["hippocampus", "plans"], ["hippocampus", "plans"], {});
});

goldenTest("hippocampus", "plans come out as they were read", () => {
  for (const file of goldenNames("hippocampus", "plans").filter((name) => /Plans/.test(name))) {
    const path = goldenPath("hippocampus", "plans", file);
    const text = Deno.readTextFileSync(path);
    assert.equal(formatPlans(parsePlans(text, path)), text, file);
  }
});

function comparePlans(
  folder: string[],
  rawFolder: string[],
  options: Partial<PlanExperimentOptions>,
): void {
  const path = goldenPath(...folder, "nnUNetPlans.json");
  if (!existsSync(path)) return;
  const text = Deno.readTextFileSync(path);
  const { dataset_name, image_reader_writer } = parsePlans(text, path);
  const json = Deno.readTextFileSync(goldenPath(...rawFolder, "dataset.json"));
  const plans = planExperiment(
    parseDatasetJson(json, "dataset.json"),
    readGoldenJson(...folder, "dataset_fingerprint.json"),
    { datasetName: dataset_name, imageReaderWriter: image_reader_writer, ...options },
  );
  assert.equal(formatPlans(plans), text, path);
}

function stripBlanks(text: string): string {
  return text.replace(/\s/g, "");
}
