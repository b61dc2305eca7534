import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DenoStore } from "../../cli/deno_store.ts";
import { discoverCases, parseDatasetJson } from "../../nnunet/dataset.ts";
import { type ReaderName, readImages, readSeg } from "../../nnunet/imageio/mod.ts";
import { getConfiguration, parsePlans } from "../../nnunet/plans.ts";
import {
  preprocessCase,
  type PreprocessedArrays,
} from "../../nnunet/preprocessing/preprocess_case.ts";
import {
  GOLDEN,
  goldenNames,
  goldenPath,
  goldenTest,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";

/** Of the normalised values; nnU-Net's own resampling in float64 is that close to itself. */
const DATA_LIMIT = 1e-5;
/** Matrices that the readers derive; nothing is computed from them. */
const GEOMETRY = new Set(["sitk_stuff", "nibabel_stuff"]);
const GEOMETRY_LIMIT = 1e-12;
/** Share of voxels whose two best labels may tie otherwise. */
const SEG_LIMIT = 1e-3;

// deno-lint-ignore no-explicit-any
type ExpectedProperties = any;

interface Worst {
  data: number;
  seg: number;
}

function assertCase(
  actual: PreprocessedArrays,
  folder: string,
  identifier: string,
  worst: Worst,
): void {
  const where = `${folder}/${identifier}`;
  const names = goldenNames(folder);
  const file = names.find((name) => name.startsWith(`${identifier}.safetensors`))!;
  const tensors = readSafetensors(folder, file);
  const data = tensors.get("data")!;
  const seg = tensors.get("seg")!;
  assert.deepEqual([...actual.shape], data.shape, where);
  let deviation = 0, wrong = 0;
  for (let i = 0; i < data.data.length; i++) {
    deviation = Math.max(deviation, Math.abs(actual.data[i] - (data.data[i] as number)));
  }
  for (let i = 0; i < seg.data.length; i++) if (actual.seg[i] !== seg.data[i]) wrong++;
  worst.data = Math.max(worst.data, deviation);
  worst.seg = Math.max(worst.seg, wrong / seg.data.length);
  assert.ok(deviation <= DATA_LIMIT, `${where}: data deviates by ${deviation}`);
  assert.ok(wrong <= SEG_LIMIT * seg.data.length, `${where}: ${wrong} labels differ`);
  assertProperties(actual, readGoldenJson(folder, `${identifier}.json`), wrong === 0, where);
}

function assertProperties(
  { properties }: PreprocessedArrays,
  expected: ExpectedProperties,
  segEqual: boolean,
  where: string,
): void {
  const { class_locations = [], ...rest } = properties;
  for (const [key, value] of Object.entries(rest)) {
    if (!(key in expected)) continue;
    if (GEOMETRY.has(key)) assertClose(value, expected[key], `${where}: ${key}`);
    else assert.deepEqual(JSON.parse(JSON.stringify(value)), expected[key], `${where}: ${key}`);
  }
  const keys = class_locations.map(({ key }) => key);
  const expectedLocations = expected.class_locations as ExpectedProperties[];
  assert.deepEqual(keys, expectedLocations.map(({ key }) => key), where);
  if (!segEqual) return;
  class_locations.forEach(({ coordinates }, k) => {
    const { count, first } = expectedLocations[k];
    assert.equal(coordinates.length / 4, count, `${where}: count of ${keys[k]}`);
    assert.deepEqual([...coordinates.subarray(0, 20)], first.flat(), `${where}: ${keys[k]}`);
  });
}

/** Compares numbers of equal structures. */
function assertClose(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === "number") {
    const limit = GEOMETRY_LIMIT * Math.max(Math.abs(expected), 1);
    return assert.ok(Math.abs(actual as number - expected) <= limit, where);
  }
  for (const key of Object.keys(expected as object)) {
    const [a, e] = [actual, expected] as Record<string, unknown>[];
    assertClose(a[key], e[key], `${where}.${key}`);
  }
}

function report({ data, seg }: Worst): void {
  reportWorst("preprocessing", "deviation of data", data, DATA_LIMIT);
  reportWorst("preprocessing", "share of labels that differ", seg, SEG_LIMIT);
}

for (const dataset of goldenNames("preprocessing")) {
  goldenTest("preprocessing", `${dataset} comes out as from nnU-Net`, async () => {
    const store = new DenoStore();
    const raw = goldenPath("preprocessing", dataset, "raw");
    const json = parseDatasetJson(readFileSync(join(raw, "dataset.json"), "utf8"), "dataset.json");
    const plansPath = goldenPath("preprocessing", dataset, "nnUNetPlans.json");
    const plans = parsePlans(readFileSync(plansPath, "utf8"), plansPath);
    const reader = plans.image_reader_writer as ReaderName;
    const cases = await discoverCases(store, raw, json);
    const worst = { data: 0, seg: 0 };
    for (const name of goldenNames("preprocessing", dataset, "preprocessed")) {
      const folder = join("preprocessing", dataset, "preprocessed", name);
      for (const { identifier, images, label } of cases) {
        if (!existsSync(goldenPath(folder, `${identifier}.json`))) continue;
        const image = await readImages(store, reader, images);
        const seg = await readSeg(store, reader, label);
        const arrays = preprocessCase(image, seg, plans, getConfiguration(plans, name), json);
        assertCase(arrays, folder, identifier, worst);
      }
    }
    report(worst);
  });
}

const HIPPOCAMPUS = join(GOLDEN, "..", "data", "Task04_Hippocampus");

const missing = [goldenPath("hippocampus"), HIPPOCAMPUS].find((folder) => !existsSync(folder));
const why = missing ? ` (skipped: no ${missing})` : "";

async function preprocessHippocampus(): Promise<void> {
  const store = new DenoStore();
  const [json, plans] = ["dataset.json", "nnUNetPlans.json"].map((file) => {
    const path = goldenPath("hippocampus", "plans", file);
    return { path, text: readFileSync(path, "utf8") };
  });
  const datasetJson = parseDatasetJson(json.text, json.path);
  const parsed = parsePlans(plans.text, plans.path);
  const reader = parsed.image_reader_writer as ReaderName;
  const worst = { data: 0, seg: 0 };
  for (const folder of goldenNames("hippocampus").filter((name) => /^preprocessed_/.test(name))) {
    const configuration = getConfiguration(parsed, folder.slice("preprocessed_".length));
    const path = join("hippocampus", folder);
    for (const name of goldenNames(path).filter((name) => name.endsWith(".json"))) {
      const identifier = name.slice(0, -".json".length);
      const file = `${identifier}.nii.gz`;
      const image = await readImages(store, reader, [join(HIPPOCAMPUS, "imagesTr", file)]);
      const seg = await readSeg(store, reader, join(HIPPOCAMPUS, "labelsTr", file));
      const arrays = preprocessCase(image, seg, parsed, configuration, datasetJson);
      assertCase(arrays, path, identifier, worst);
    }
  }
  report(worst);
}

Deno.test({
  name: `golden hippocampus: real cases come out as from nnU-Net${why}`,
  ignore: missing !== undefined,
  fn: preprocessHippocampus,
});
