// What `dataset check` finds, says and repairs: mistakes that users of nnU-Net are known to make.
import assert from "node:assert/strict";
import { encode } from "fast-png";
import {
  checkDataset,
  type CheckOptions,
  finishRepair,
  type Problem,
  repair,
} from "../../../nnunet/dataset_check/check_dataset.ts";
import { readSeg, writeSeg } from "../../../nnunet/imageio/mod.ts";
import { verifyDatasetIntegrity } from "../../../nnunet/integrity.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";

const FOLDER = "raw/Dataset005_X";
const JSON_PATH = `${FOLDER}/dataset.json`;
const CASES = ["c1", "c2", "c3", "c4", "c5"];
const DESCRIPTION = {
  channel_names: { 0: "T1" },
  labels: { background: 0, tumour: 1 },
  numTraining: 5,
  file_ending: ".nrrd",
};
const GEOMETRY = { spacing: [1, 1, 2], origin: [5, 6, 7], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
const SHAPE: [number, number, number] = [2, 3, 4];

type Geometry = Partial<typeof GEOMETRY>;

async function writeVolume(
  store: MemoryStore,
  path: string,
  values: number[],
  geometry: Geometry = {},
  shape = SHAPE,
): Promise<void> {
  await writeSeg(store, "SimpleITKIO", `${FOLDER}/${path}`, Uint16Array.from(values), shape, {
    spacing: [2, 1, 1],
    sitk_stuff: { ...GEOMETRY, ...geometry },
  });
}

/** Different in each case, so that none is there twice. */
const imageOf = (k: number) => Array.from({ length: 24 }, (_, i) => i * (k + 1) % 7 + k);
const LABEL = Array.from({ length: 24 }, (_, i) => i % 2);

/** A dataset of five small volumes without a fault. */
async function goodDataset(description: unknown = DESCRIPTION): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [k, name] of CASES.entries()) {
    await writeVolume(store, `imagesTr/${name}_0000.nrrd`, imageOf(k));
    await writeVolume(store, `labelsTr/${name}.nrrd`, LABEL);
  }
  const text = typeof description === "string" ? description : JSON.stringify(description);
  await store.write(JSON_PATH, text);
  return store;
}

async function move(store: MemoryStore, from: string, to: string): Promise<void> {
  await store.write(`${FOLDER}/${to}`, await store.read(`${FOLDER}/${from}`));
  await store.remove(`${FOLDER}/${from}`);
}

const check = (store: MemoryStore, options?: CheckOptions) => checkDataset(store, FOLDER, options);

function line({ severity, kind, where, found, fix, advice }: Problem): string {
  return `${severity} | ${kind} | ${where} | ${found} | ${fix ? `--fix: ${fix}` : advice}`;
}

async function linesOf(store: MemoryStore, options?: CheckOptions): Promise<string[]> {
  return (await check(store, options)).problems.map(line);
}

/** Repairs; then nothing that could be repaired may be left, and nnU-Net's own check must pass. */
async function repairAll(store: MemoryStore): Promise<void> {
  await repair(store, FOLDER, (await check(store)).repairs);
  assert.deepEqual((await check(store)).problems.filter(({ fix }) => fix), []);
  assert.deepEqual(await verifyDatasetIntegrity(store, FOLDER), []);
}

async function descriptionOf(store: MemoryStore): Promise<Record<string, unknown>> {
  return JSON.parse(new TextDecoder().decode(await store.read(JSON_PATH)));
}

async function labelsOf(store: MemoryStore, name: string): Promise<number[]> {
  return [...(await readSeg(store, "SimpleITKIO", `${FOLDER}/labelsTr/${name}.nrrd`)).data];
}

Deno.test("a good dataset has no problems and nothing to repair", async () => {
  const store = await goodDataset();
  assert.deepEqual(await check(store), { cases: 5, problems: [], repairs: [] });
});

// P13: names.

Deno.test("_0000 missing on images, and there on label maps, is repaired", async () => {
  const store = await goodDataset();
  await move(store, "imagesTr/c2_0000.nrrd", "imagesTr/c2.nrrd");
  await move(store, "labelsTr/c3.nrrd", "labelsTr/c3_0000.nrrd");
  assert.deepEqual(await linesOf(store), [
    "error | file name | imagesTr/c2.nrrd | an image needs a channel number | " +
    "--fix: rename to c2_0000.nrrd",
    "error | file name | labelsTr/c3_0000.nrrd | a label map has no channel number | " +
    "--fix: rename to c3.nrrd",
  ]);
  await repairAll(store);
});

Deno.test("a year at the end of a name is no channel number", async () => {
  const store = await goodDataset();
  await move(store, "imagesTr/c2_0000.nrrd", "imagesTr/scan_2019.nrrd");
  await move(store, "labelsTr/c2.nrrd", "labelsTr/scan_2019.nrrd");
  await repairAll(store);
  assert.ok(await store.stat(`${FOLDER}/imagesTr/scan_2019_0000.nrrd`));
});

Deno.test("folders of another name are repaired", async () => {
  const store = await goodDataset();
  for (const name of CASES) {
    await move(store, `imagesTr/${name}_0000.nrrd`, `images/${name}_0000.nrrd`);
    await move(store, `labelsTr/${name}.nrrd`, `labelsTR/${name}.nrrd`);
  }
  assert.deepEqual(await linesOf(store), [
    'error | folder | imagesTr | is called "images" | --fix: move the files of "images" there',
    'error | folder | labelsTr | is called "labelsTR" | --fix: move the files of "labelsTR" there',
  ]);
  await repairAll(store);
});

Deno.test("files without a partner are named", async () => {
  const store = await goodDataset();
  await store.remove(`${FOLDER}/labelsTr/c1.nrrd`);
  await store.remove(`${FOLDER}/imagesTr/c2_0000.nrrd`);
  await writeVolume(store, "imagesTr/c3_0002.nrrd", imageOf(9));
  assert.deepEqual(
    await linesOf(store),
    [
      "error | missing label map | c1 | there is no labelsTr/c1.nrrd | " +
      "add it, or move the images to imagesTs",
      "error | extra channel | c3 | it has 2 channels, dataset.json names 1 (T1) | " +
      "remove files, or correct channel_names",
      "error | number of cases | dataset.json | numTraining is 5, there are 4 cases | " +
      "--fix: set numTraining to 4",
      "warning | missing channel | c3 | it has 0000, 0002 but not 0001 | " +
      "add that file, or number the channels from 0000",
      "warning | label map without image | labelsTr/c2.nrrd | there is no imagesTr/c2_0000.nrrd | " +
      "add the image, or remove the label map",
      "warning | few cases | dataset | 4 cases are too few for 5 folds | " +
      'train fold "all", or write a splits_final.json',
    ].filter((text) => !text.includes("placeholder")),
  );
});

Deno.test("files that macOS leaves are removed", async () => {
  const store = await goodDataset();
  await store.write(`${FOLDER}/imagesTr/._c1_0000.nrrd`, "x");
  assert.deepEqual(await linesOf(store), [
    "error | stray file | imagesTr/._c1_0000.nrrd | a file that macOS made; nnU-Net would take it " +
    "for a case | --fix: remove it",
  ]);
  await repairAll(store);
});

const JSON_MISTAKES: [string, string, string[]][] = [
  [
    "a comma too many",
    JSON.stringify(DESCRIPTION, null, 1).replace('".nrrd"', '".nrrd",'),
    [
      "error | dataset.json | dataset.json | a comma too many: a key in double quotes expected at " +
      "line 11, column 1 | --fix: take the comma away",
    ],
  ],
  [
    "nnU-Net v1's keys",
    JSON.stringify({
      modality: { 0: "T1" },
      labels: { 0: "Non Brain", 1: "tumour " },
      numTraining: 5,
      file_ending: ".nrrd",
    }),
    [
      'error | dataset.json | dataset.json | has nnU-Net v1\'s key "modality" | --fix: rename it to ' +
      '"channel_names"',
      "error | dataset.json | dataset.json | labels map numbers to names, as in nnU-Net v1 | --fix: " +
      "turn them round",
      'error | dataset.json | dataset.json | label 0 is called "Non Brain" | --fix: call it ' +
      '"background"',
    ],
  ],
  [
    "channels the wrong way round",
    JSON.stringify({ ...DESCRIPTION, channel_names: { T1: "0" } }),
    [
      "error | dataset.json | dataset.json | channel_names map names to numbers | --fix: turn them " +
      "round",
    ],
  ],
  [
    "counts and ending",
    JSON.stringify({ ...DESCRIPTION, numTraining: 7, file_ending: ".nii.gz" }),
    [
      'error | file ending | dataset.json | file_ending is ".nii.gz", the images end in ".nrrd" | ' +
      '--fix: set file_ending to ".nrrd"',
      "error | number of cases | dataset.json | numTraining is 7, there are 5 cases | --fix: set " +
      "numTraining to 5",
    ],
  ],
];

JSON_MISTAKES.push([
  "a byte order mark, 5.0 cases",
  "\uFEFF" + JSON.stringify(DESCRIPTION).replace(":5,", ":5.0,"),
  [
    "error | dataset.json | dataset.json | begins with a byte order mark | --fix: take it away",
    "error | number of cases | dataset.json | numTraining is 5.0, there are 5 cases | --fix: set " +
    "numTraining to 5",
  ],
]);

for (const [name, text, expected] of JSON_MISTAKES) {
  Deno.test(`dataset.json is repaired: ${name}`, async () => {
    const store = await goodDataset(text);
    assert.deepEqual(await linesOf(store), expected);
    await repairAll(store);
    assert.deepEqual(await descriptionOf(store), DESCRIPTION);
  });
}

Deno.test("a missing dataset.json is written from the files", async () => {
  const store = await goodDataset();
  await store.remove(JSON_PATH);
  await writeVolume(store, "labelsTr/c1.nrrd", LABEL.map((value) => 3 * value));
  await repairAll(store);
  assert.deepEqual(await descriptionOf(store), {
    channel_names: { 0: "channel_0" },
    labels: { background: 0, label_1: 1, label_3: 2 },
    file_ending: ".nrrd",
    numTraining: 5,
    label_values: { background: 0, label_1: 1, label_3: 3 },
  });
});

Deno.test("dataset.json that cannot be understood is said to be so", async () => {
  const store = await goodDataset("{labels: 1}");
  assert.deepEqual(await linesOf(store), [
    `error | dataset.json | dataset.json | Cannot read "${JSON_PATH}": a key in double quotes ` +
    "expected at line 1, column 2, correct the JSON there | correct it there, then check again",
  ]);
});

// P14: geometry.

Deno.test("geometry is compared in mm at the corners, the worst first", async () => {
  const store = await goodDataset();
  const turned = (angle: number) => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return [c, -s, 0, s, c, 0, 0, 0, 1];
  };
  await writeVolume(store, "labelsTr/c1.nrrd", LABEL, { direction: turned(1e-8) });
  await writeVolume(store, "labelsTr/c2.nrrd", LABEL, { origin: [5.1, 6, 7] });
  await writeVolume(store, "labelsTr/c3.nrrd", LABEL, { origin: [0, 0, 0] });
  await writeVolume(store, "labelsTr/c4.nrrd", LABEL, { spacing: [1.001, 1, 2] });
  await writeVolume(store, "labelsTr/c5.nrrd", LABEL.slice(12), {}, [1, 3, 4]);
  assert.deepEqual(await linesOf(store), [
    "error | shape | c5 | c5.nrrd is 1 x 3 x 4, the first image 2 x 3 x 4 | resample it to the grid of " +
    "the image",
    "error | geometry | c4 | c4.nrrd lies up to 0.0030 mm beside the first image | --fix: take over the " +
    "header of the image",
    "warning | geometry | c3 | c3.nrrd lies up to 10 mm beside the first image | look at an overlay; " +
    "resample it, or copy the header if it fits",
    "warning | geometry | c2 | c2.nrrd lies up to 0.10 mm beside the first image | --fix: take over the " +
    "header of the image",
  ]);
  await repair(store, FOLDER, (await check(store)).repairs);
  const { properties } = await readSeg(store, "SimpleITKIO", `${FOLDER}/labelsTr/c4.nrrd`);
  assert.deepEqual(properties.sitk_stuff, GEOMETRY);
  const left = (await check(store)).problems.map(({ kind, where }) => `${kind} ${where}`);
  assert.deepEqual(left, ["shape c5", "geometry c3"]);
});

// P15: orientation.

Deno.test("cases whose voxels run another way are named", async () => {
  const store = await goodDataset();
  const direction = [-1, 0, 0, 0, -1, 0, 0, 0, 1];
  await writeVolume(store, "imagesTr/c4_0000.nrrd", imageOf(3), { direction });
  await writeVolume(store, "labelsTr/c4.nrrd", LABEL, { direction });
  assert.deepEqual(await linesOf(store), [
    "warning | orientation | c4 | voxels run RAS, LPS in most cases | turn them alike, or add cases " +
    "of both kinds",
  ]);
});

// P16: label values.

Deno.test("masks of 0 and 255 are renumbered, with a record", async () => {
  const store = await goodDataset();
  for (const name of CASES) {
    await writeVolume(store, `labelsTr/${name}.nrrd`, LABEL.map((value) => 255 * value));
  }
  assert.deepEqual(await linesOf(store), [
    "error | unknown label value | 255 | 60 voxels in c1, c2, c3 and 2 more cases; dataset.json declares 0, 1 " +
    "| --fix: change it to 1 in the label maps",
  ]);
  await repairAll(store);
  assert.deepEqual(await labelsOf(store, "c5"), LABEL);
  assert.deepEqual((await descriptionOf(store)).label_values, { background: 0, tumour: 255 });
});

Deno.test("labels with gaps are renumbered, ignore stays the highest", async () => {
  const labels = { background: 0, organ: 2, tumour: 5, ignore: 3 };
  const store = await goodDataset({ ...DESCRIPTION, labels });
  for (const name of CASES) {
    await writeVolume(store, `labelsTr/${name}.nrrd`, LABEL.map((_, i) => [0, 2, 5, 3][i % 4]));
  }
  assert.deepEqual(await linesOf(store), [
    "error | label values | dataset.json | labels are 0, 2, 5, 3, they must be 0 to 3 | --fix: " +
    "renumber them in all label maps; label_values records what they were",
  ]);
  await repairAll(store);
  assert.deepEqual(await labelsOf(store, "c1"), LABEL.map((_, i) => i % 4));
  const { labels: changed, label_values } = await descriptionOf(store);
  assert.deepEqual(changed, { background: 0, organ: 1, tumour: 2, ignore: 3 });
  assert.deepEqual(label_values, labels);
});

Deno.test("a value that could be several labels is left to the user", async () => {
  const store = await goodDataset({ ...DESCRIPTION, labels: { background: 0, a: 1, b: 2 } });
  await writeVolume(store, "labelsTr/c2.nrrd", LABEL.map((value) => 3 * value));
  assert.deepEqual(await linesOf(store), [
    "error | unknown label value | 3 | 12 voxels in c2; dataset.json declares 0, 1, 2 " +
    "| add the label to dataset.json, or correct the label maps",
  ]);
  assert.deepEqual((await check(store)).repairs, []);
});

Deno.test("empty, unused and rare labels are warned of", async () => {
  const store = await goodDataset({ ...DESCRIPTION, labels: { background: 0, a: 1, b: 2, c: 3 } });
  await writeVolume(store, "labelsTr/c1.nrrd", LABEL.map(() => 0));
  await writeVolume(store, "labelsTr/c2.nrrd", [3, ...LABEL.slice(1)]);
  assert.deepEqual(await linesOf(store), [
    "warning | empty label map | c1 | holds nothing but background | fine if nothing is there to be " +
    "seen; else label it or take the case out",
    "warning | unused label | b | no label map holds 2 | a network cannot learn it: take it out of " +
    "dataset.json, or label it",
    "warning | rare label | c | 1 voxels (0.83 %) in 1 of 5 cases | expect a low score; more cases " +
    "with it help most",
    "warning | rare label | a | 48 voxels (40 %) in 4 of 5 cases | expect a low score; more cases " +
    "with it help most",
  ]);
});

// P17: pictures.

async function pictures(
  image: (k: number) => number[],
  label: number[],
  labelChannels: 1 | 3 = 1,
): Promise<MemoryStore> {
  const store = new MemoryStore();
  const png = (data: number[], channels: number) =>
    encode({ width: 2, height: 2, data: Uint8Array.from(data), channels, depth: 8 });
  for (const [k, name] of CASES.entries()) {
    const values = image(k);
    await store.write(`${FOLDER}/imagesTr/${name}_0000.png`, png(values, values.length / 4));
    await store.write(`${FOLDER}/labelsTr/${name}.png`, png(label, labelChannels));
  }
  const description = { ...DESCRIPTION, channel_names: { 0: "RGB" }, file_ending: ".png" };
  await store.write(JSON_PATH, JSON.stringify(description));
  return store;
}

Deno.test("an RGB picture has three channels; label maps need one", async () => {
  const store = await pictures(
    (k) => Array.from({ length: 12 }, (_, i) => 5 * i + k),
    [0, 1, 1, 0].flatMap((value) => [value, value, value]),
    3,
  );
  const lines = await linesOf(store);
  assert.equal(
    lines[0],
    "error | extra channel | dataset.json | channel_names has only RGB, all images have 3 channels " +
      "| --fix: name them R, G, B",
  );
  assert.equal(
    lines[1],
    "error | label colours | c1 | the label map stores grey as colours | --fix: store it with one " +
      "channel",
  );
  await repairAll(store);
  assert.deepEqual((await descriptionOf(store)).channel_names, { 0: "R", 1: "G", 2: "B" });
});

Deno.test("label maps in colours are sent to prepare", async () => {
  const store = await pictures(
    (k) => [k, 1, 2, 3],
    [255, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0],
    3,
  );
  assert.equal(
    (await linesOf(store))[0],
    "error | label colours | c1 | the label map holds 2 colours | make the dataset anew with " +
      '"prepare", which gives colours numbers',
  );
});

// NaN, doubles, damaged files.

Deno.test("a damaged file, and one that lies about its size, is named; the rest is checked", async () => {
  const store = await goodDataset();
  const path = `${FOLDER}/imagesTr/c2_0000.nrrd`;
  await store.write(path, (await store.read(path)).subarray(0, 150));
  const lines = await linesOf(store);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /^error \| unreadable file \| c2 \| Cannot read ".*c2_0000.nrrd": .* \| /);
});

Deno.test("NaN is counted", async () => {
  const store = await goodDataset();
  const header = "NRRD0004\ntype: float\ndimension: 3\nspace: left-posterior-superior\n" +
    "sizes: 4 3 2\nspace directions: (1,0,0) (0,1,0) (0,0,2)\nkinds: domain domain domain\n" +
    "endian: little\nencoding: raw\nspace origin: (5,6,7)\n\n";
  const voxels = Float32Array.from(imageOf(1));
  voxels[3] = voxels[9] = NaN;
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(text.length + voxels.byteLength);
  bytes.set(text);
  bytes.set(new Uint8Array(voxels.buffer), text.length);
  await store.write(`${FOLDER}/imagesTr/c2_0000.nrrd`, bytes);
  assert.deepEqual(await linesOf(store), [
    "error | NaN | c2 | 2 voxels of c2_0000.nrrd are NaN | export the image again with numbers there",
  ]);
});

Deno.test("an image that is there twice is found", async () => {
  const store = await goodDataset();
  await writeVolume(store, "imagesTr/c4_0000.nrrd", imageOf(0));
  assert.deepEqual(await linesOf(store), [
    "warning | duplicate image | c4 | the same voxels as c1 | remove one: validation would see what " +
    "was trained on",
  ]);
});

// P19: patients.

async function patientsDataset(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const names = Array.from({ length: 12 }, (_, k) => `pat${k >> 1}_scan${k % 2}`);
  for (const [k, name] of names.entries()) {
    await writeVolume(store, `imagesTr/${name}_0000.nrrd`, imageOf(k));
    await writeVolume(store, `labelsTr/${name}.nrrd`, LABEL);
  }
  await store.write(JSON_PATH, JSON.stringify({ ...DESCRIPTION, numTraining: names.length }));
  return store;
}

Deno.test("patients on both sides of a split are found, and kept together on request", async () => {
  const store = await patientsDataset();
  const guessed = await linesOf(store);
  assert.ok(guessed.length > 0);
  assert.match(
    guessed[0],
    /^warning \| patient in both \| pat\d \| pat(\d)_scan0, pat\1_scan1 are on both sides of fold \d \| if they are one patient, add --patient REGEX and --fix$/,
  );
  const options = { patient: "^pat\\d+" };
  await repair(store, FOLDER, (await check(store, options)).repairs);
  assert.deepEqual(await linesOf(store, options), []);
  const splits = JSON.parse(
    new TextDecoder().decode(await store.read(`${FOLDER}/splits_final.json`)),
  );
  assert.equal(splits.length, 5);
  assert.equal(splits.flatMap(({ val }: { val: string[] }) => val).length, 12);
});

Deno.test("a pattern that does not fit is refused", async () => {
  await assert.rejects(check(await patientsDataset(), { patient: "^case" }), {
    name: "DataError",
    message: 'Cannot use --patient ^case: it does not fit case "pat0_scan0", correct it',
  });
});

// Repairs are made whole or not at all.

Deno.test("an interrupted repair is completed, one that had not begun is forgotten", async () => {
  class Failing extends MemoryStore {
    writes = Infinity;
    override write(path: string, content: Uint8Array | string): Promise<void> {
      if (this.writes-- <= 0) return Promise.reject(new Error("killed"));
      return super.write(path, content);
    }
  }
  const good = await goodDataset();
  for (let writes = 0; writes < 12; writes++) {
    const store = new Failing();
    for (const folder of ["imagesTr", "labelsTr"]) {
      for (const { name } of await good.list(`${FOLDER}/${folder}`)) {
        await store.write(
          `${FOLDER}/${folder}/${name}`,
          await good.read(`${FOLDER}/${folder}/${name}`),
        );
      }
    }
    await store.write(JSON_PATH, JSON.stringify({ ...DESCRIPTION, numTraining: 9 }));
    for (const name of CASES) {
      await writeVolume(store, `labelsTr/${name}.nrrd`, LABEL.map((value) => 255 * value));
    }
    const { repairs } = await check(store);
    store.writes = writes;
    const died = await repair(store, FOLDER, repairs).then(() => false, () => true);
    store.writes = Infinity;
    assert.equal(died, true);
    await finishRepair(store, FOLDER);
    await repair(store, FOLDER, (await check(store)).repairs);
    assert.deepEqual((await check(store)).problems, []);
    assert.deepEqual(await labelsOf(store, "c1"), LABEL);
    assert.deepEqual(await store.list(`${FOLDER}/.repair`), []);
  }
});
