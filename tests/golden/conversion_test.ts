import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { encode } from "fast-png";
import {
  convertMsdDataset,
  convertOldDataset,
  type DatasetFolders,
  movePlans,
} from "../../nnunet/conversion/mod.ts";
import { DataError } from "../../nnunet/errors.ts";
import { encodeGreyBmp } from "../../nnunet/imageio/bmp.ts";
import { readItkFile, writeItkFile } from "../../nnunet/imageio/itk_file.ts";
import { readNiftiFile } from "../../nnunet/imageio/nifti_file.ts";
import { writeTiff } from "../../nnunet/imageio/tiff.ts";
import { toFloat32, typeOf } from "../../nnunet/imageio/voxels.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import { formatPythonJson, parsePythonJson } from "../../nnunet/python_json.ts";
import type { Store } from "../../nnunet/store.ts";
import {
  goldenPath,
  goldenTest,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

const PART = "conversion";
const FOLDERS: DatasetFolders & { preprocessed: string } = {
  raw: "raw",
  preprocessed: "preprocessed",
  results: "results",
};

const PIXEL_TYPES: Record<string, string> = {
  uint8: "8-bit unsigned integer",
  int16: "16-bit signed integer",
  uint16: "16-bit unsigned integer",
  int32: "32-bit signed integer",
  float32: "32-bit float",
  float64: "64-bit float",
};

goldenTest(PART, "datasets as nnU-Net's converters make them", async () => {
  const arrays = readSafetensors(PART, "arrays.safetensors.gz");
  let worst = 0, compared = 0;
  for (const expected of readGoldenJson(PART, "converters.json").cases as Json[]) {
    // What went to a folder that the reference run did not look for cannot be compared.
    if (!expected.error && !expected.output) continue;
    const where = `${expected.converter} ${expected.name}`;
    const store = new MemoryStore();
    const source = basename(expected.input);
    await load(store, goldenPath(PART, expected.input), source);
    const run = await prepare(store, expected, source);
    if (expected.error) {
      const before = await walk(store, FOLDERS.raw);
      await assert.rejects(run, DataError, where);
      assert.deepEqual(await walk(store, FOLDERS.raw), before, `${where}: files are left behind`);
      compared++;
      continue;
    }
    const { folder, datasetName, renamedLabels } = await run();
    assert.equal(datasetName, basename(expected.output), where);
    assert.deepEqual(await walk(store, folder), expected.files, where);
    const json = new TextDecoder().decode(await store.read(`${folder}/dataset.json`));
    const wanted = withRenamedLabels(expected.dataset_json_text);
    assert.equal(json, wanted.text, where);
    assert.equal(renamedLabels.length > 0, wanted.renamed, where);
    for (const [to, from] of Object.entries<string>(expected.copied_unchanged)) {
      const original = readFileSync(goldenPath(PART, expected.input, from));
      assert.deepEqual(await store.read(`${folder}/${to}`), new Uint8Array(original), where);
    }
    for (const [file, header] of Object.entries<Json>(expected.headers)) {
      const path = `${folder}/${file}`;
      const image = await readItkFile(store, path);
      const { header: nifti } = await readNiftiFile(store, path);
      assert.deepEqual(image.size, header.size, where);
      assert.equal(PIXEL_TYPES[typeOf(image.voxels)], header.pixel_type, where);
      assert.deepEqual([nifti.sformCode, nifti.qformCode, nifti.units], [
        header.sform_code,
        header.qform_code,
        header.xyzt_units,
      ], where);
      for (const key of ["spacing", "origin", "direction"] as const) {
        image[key].forEach((x, i) => {
          const y = header[key][i];
          worst = Math.max(worst, Math.abs(x - y) / Math.max(1, Math.abs(y)));
        });
      }
      const array = arrays.get(`${expected.name}/${file}`)!;
      assert.deepEqual([...toFloat32(image.voxels)], [...array.data], `${where} ${file}`);
    }
    compared++;
  }
  reportWorst(PART, `geometry of new images (${compared} conversions)`, worst, 1e-6);
  assert.ok(worst <= 1e-6);
});

goldenTest(PART, "plans as nnU-Net moves them between datasets", async () => {
  const moves: Json[] = readGoldenJson(PART, "move_plans.json").moves;
  const unread: string[] = [];
  for (const move of moves) {
    const where = `move ${move.index}`;
    const reference = /^as index (\d+)$/.exec(move.source_plans)?.[1];
    const plans = reference === undefined
      ? move.source_plans
      : moves[Number(reference)].source_plans;
    const store = new MemoryStore();
    const { source, target, source_plans_identifier: sourcePlans, target_dataset_json: json } =
      move;
    const present = move.error && move.example_image !== "garbage" ? "nnUNetPlans" : sourcePlans;
    await store.write(`preprocessed/${source}/${present}.json`, formatPythonJson(plans));
    await store.write(`raw/${target}/dataset.json`, JSON.stringify(json));
    const example = `raw/${target}/imagesTr/c_0000${json.file_ending}`;
    if (!await writeExample(store, example, move.example_image)) {
      unread.push(json.file_ending);
      continue;
    }
    const targetPlans = move.target_plans_identifier ?? undefined;
    const run = () => movePlans(store, FOLDERS, { source, target, sourcePlans, targetPlans });
    if (move.error) {
      await assert.rejects(run, DataError, where);
      continue;
    }
    const path = await run();
    assert.equal(path, `preprocessed/${target}/${move.written}`);
    const moved = new TextDecoder().decode(await store.read(path));
    const wanted = { ...plans, ...move.changed };
    wanted.configurations = Object.fromEntries(
      Object.entries<Json>(plans.configurations).map(([name, configuration]) => [name, {
        ...configuration,
        ...(name in move.data_identifier ? { data_identifier: move.data_identifier[name] } : {}),
      }]),
    );
    assert.equal(moved, formatPythonJson(wanted), where);
    if (move.result) assert.deepEqual(parsePythonJson(moved), move.result, where);
  }
  // deno-lint-ignore no-console
  console.log(
    `    ${PART}: ${moves.length - unread.length} of ${moves.length} moves; no reader for ${
      unread.join(" ") || "none"
    }`,
  );
});

type Result = Awaited<ReturnType<typeof convertMsdDataset>>;

/** Puts in place what was there before, and gives the call to make. */
async function prepare(
  store: Store,
  { converter, overwrite_id, taken_in_preprocessed, output_dataset_name, target_exists }: Json,
  source: string,
): Promise<() => Promise<Result>> {
  if (converter === "convert_msd_dataset") {
    const id = String(overwrite_id ?? Number(/\d+/.exec(source)![0])).padStart(3, "0");
    if (taken_in_preprocessed) await store.write(`preprocessed/Dataset${id}_Taken/x`, "");
    return () => convertMsdDataset(store, FOLDERS, source, { overwriteId: overwrite_id });
  }
  if (target_exists) await store.write(`raw/${output_dataset_name}/x`, "");
  return () => convertOldDataset(store, FOLDERS, source, output_dataset_name);
}

/** Our one deviation: label 0 is `background`, names are trimmed. */
function withRenamedLabels(text: string): { text: string; renamed: boolean } {
  const json = parsePythonJson(text) as Json;
  const labels = Object.entries<number>(json.labels);
  json.labels = Object.fromEntries(
    labels.map(([name, value]) => [value === 0 ? "background" : name.trim(), value]),
  );
  const renamed = labels.some(([name]) => !(name in json.labels));
  return { text: renamed ? formatPythonJson(json) : text, renamed };
}

async function load(store: Store, folder: string, to: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) await load(store, path, `${to}/${name}`);
    else await store.write(`${to}/${name}`, new Uint8Array(readFileSync(path)));
  }
}

/** Paths of all files below a folder, relative to it, sorted. */
async function walk(store: Store, folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory } of await store.list(folder)) {
    if (!isDirectory) found.push(name);
    else found.push(...(await walk(store, `${folder}/${name}`)).map((below) => `${name}/${below}`));
  }
  return found.sort();
}

/** Makes the one image of a target; false for formats that nothing here can write or read. */
async function writeExample(store: Store, path: string, kind: string): Promise<boolean> {
  const tiff = /\.tiff?$/.test(path);
  if (kind === "garbage") await store.write(path, "no image");
  else if (kind === "volume" && tiff) {
    const voxels = new Uint16Array(6 * 8 * 9);
    await writeTiff(store, path, { shape: [6, 8, 9], voxels }, { compress: false });
  } else if (kind === "volume") {
    await writeItkFile(store, path, {
      size: [9, 8, 6],
      spacing: [1, 1, 1],
      origin: [0, 0, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      components: 1,
      voxels: new Int16Array(6 * 8 * 9),
    });
  } else if (tiff) {
    await writeTiff(store, path, { shape: [8, 9], voxels: new Uint8Array(72) }, {
      compress: false,
    });
  } else if (path.endsWith(".png")) {
    const channels = kind === "rgb" ? 3 : 1;
    const data = new Uint8Array(72 * channels);
    await store.write(path, encode({ width: 9, height: 8, channels, data }));
  } else if (path.endsWith(".bmp")) {
    const picture = { width: 9, height: 8, channels: 1, values: new Uint8Array(72) };
    await store.write(path, encodeGreyBmp(picture));
  } else return false;
  return true;
}
