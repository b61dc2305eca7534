import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DenoStore } from "../../cli/deno_store.ts";
import { discoverCases, parseDatasetJson } from "../../nnunet/dataset.ts";
import {
  extractFingerprint,
  type Fingerprint,
  formatFingerprint,
} from "../../nnunet/fingerprint.ts";
import { determineReader, isReaderName } from "../../nnunet/imageio/mod.ts";
import { goldenNames, goldenPath, goldenTest, reportWorst } from "../support/golden.ts";

const LIMIT = 1e-6;
const store = new DenoStore();

async function extract(folder: string): Promise<{ fingerprint: Fingerprint; text: string }> {
  const path = join(folder, "dataset.json");
  const json = parseDatasetJson(await Deno.readTextFile(path), path);
  const cases = await discoverCases(store, folder, json);
  const named = json.overwrite_image_reader_writer ?? "None";
  const reader = isReaderName(named)
    ? named
    : await determineReader(json.file_ending, cases[0].images[0], store);
  const fingerprint = await extractFingerprint(store, reader, cases);
  return { fingerprint, text: formatFingerprint(fingerprint, reader) };
}

/** Largest relative difference of the statistics; everything else must be equal. */
function worstDeviation(actual: Fingerprint, expected: Fingerprint, what: string): number {
  const key = "foreground_intensity_properties_per_channel";
  assert.deepEqual({ ...actual, [key]: null }, { ...expected, [key]: null }, what);
  assert.deepEqual(Object.keys(actual[key]), Object.keys(expected[key]), what);
  let worst = 0;
  for (const [channel, properties] of Object.entries(expected[key])) {
    for (const [name, value] of Object.entries(properties)) {
      const ours = (actual[key][channel] as unknown as Record<string, number>)[name];
      const deviation = Math.abs(ours - value) / Math.max(Math.abs(value), 1e-12);
      assert.ok(deviation <= LIMIT, `${what}, channel ${channel}: ${name} ${ours}, not ${value}`);
      worst = Math.max(worst, ours === value ? 0 : deviation);
    }
  }
  return worst;
}

goldenTest("preprocessing", "fingerprints equal nnU-Net's", async () => {
  for (const name of goldenNames("preprocessing")) {
    const golden = goldenPath("preprocessing", name, "dataset_fingerprint.json");
    if (!existsSync(golden)) continue;
    const expected = await Deno.readTextFile(golden);
    const { fingerprint, text } = await extract(goldenPath("preprocessing", name, "raw"));
    const worst = worstDeviation(fingerprint, JSON.parse(expected), name);
    reportWorst("fingerprint", `relative deviation of ${name}`, worst, LIMIT);
    if (worst === 0) assert.equal(text, expected);
  }
});

// The real scans are not part of the golden folder but lie beside it.
const scans = goldenPath("..", "data", "Task04_Hippocampus");
const hippocampus = goldenPath("hippocampus", "plans", "dataset_fingerprint.json");
const missing = [scans, hippocampus].find((path) => !existsSync(path));

Deno.test({
  name: "golden hippocampus: fingerprint of the real scans, as text" +
    (missing ? ` (skipped: no ${missing})` : ""),
  ignore: missing !== undefined,
  fn: async () => {
    const names = (await store.list(join(scans, "labelsTr"))).map(({ name }) => name)
      .filter((name) => /^[^.].*\.nii\.gz$/.test(name));
    const cases = names.map((name) => ({
      identifier: name.replace(".nii.gz", ""),
      images: [join(scans, "imagesTr", name)],
      label: join(scans, "labelsTr", name),
    }));
    const fingerprint = await extractFingerprint(store, "SimpleITKIO", cases);
    const expected = await Deno.readTextFile(hippocampus);
    assert.equal(formatFingerprint(fingerprint, "SimpleITKIO"), expected);
  },
});
