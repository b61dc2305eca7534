import assert from "node:assert/strict";
import { encode } from "fast-png";
import fc from "fast-check";
import { parseDatasetJson } from "../../nnunet/dataset.ts";
import { readSeg, writeSeg } from "../../nnunet/imageio/mod.ts";
import { labelValuesOf, type StoredValue, writeStoredLabels } from "../../nnunet/label_values.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import { inspectSource, prepareDataset, type SourceDataset } from "../../nnunet/prepare.ts";

const FOLDER = "raw/Dataset005_Cells";

function png(values: ArrayLike<number>, width: number, channels = 1): Uint8Array {
  const data = Uint8Array.from(values);
  const height = data.length / width / channels;
  return encode({ width, height, data, channels, depth: 8 });
}

/** A store with `input/` and `ground_truth/`: 2 × 2 pictures by file name. */
async function twoFolders(
  images: Record<string, Uint8Array>,
  labels: Record<string, Uint8Array>,
): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [name, bytes] of Object.entries(images)) await store.write(`in/input/${name}`, bytes);
  for (const [name, bytes] of Object.entries(labels)) {
    await store.write(`in/ground_truth/${name}`, bytes);
  }
  return store;
}

const inspect = (store: MemoryStore) => inspectSource(store, "in/input", "in/ground_truth");

function prepare(
  store: MemoryStore,
  source: SourceDataset,
  labels: Record<string, StoredValue>,
  channelNames = ["EM"],
) {
  return prepareDataset(store, source, { folder: FOLDER, channelNames, labels });
}

async function labelsOf(store: MemoryStore, path: string): Promise<number[]> {
  return [...(await readSeg(store, "NaturalImage2DIO", path)).data];
}

const GREY = png([1, 2, 3, 4], 2);

Deno.test("labels 0 and 255 become 0 and 1, with a record that brings them back", async () => {
  const store = await twoFolders({ "7.png": GREY }, { "7.png": png([0, 255, 255, 0], 2) });
  const source = await inspect(store);
  assert.deepEqual(source.values, [{ value: 0, voxels: 2 }, { value: 255, voxels: 2 }]);
  await prepare(store, source, { background: 0, cell: 255 });

  const path = `${FOLDER}/dataset.json`;
  const json = parseDatasetJson(new TextDecoder().decode(await store.read(path)), path);
  assert.deepEqual(json, {
    channel_names: { 0: "EM" },
    labels: { background: 0, cell: 1 },
    numTraining: 1,
    file_ending: ".png",
    label_values: { background: 0, cell: 255 },
  });
  assert.deepEqual(await labelsOf(store, `${FOLDER}/labelsTr/7.png`), [0, 1, 1, 0]);
  assert.deepEqual(await store.read(`${FOLDER}/imagesTr/7_0000.png`), GREY);

  const file = {
    path: "back.png",
    reader: "NaturalImage2DIO" as const,
    shape: [1, 2, 2] as [number, number, number],
    properties: { spacing: [999, 1, 1] },
  };
  await writeStoredLabels(store, file, [0, 1, 1, 0], labelValuesOf(json)!);
  assert.deepEqual(await store.read("back.png"), png([0, 255, 255, 0], 2));
});

Deno.test("colours of label pictures become labels and colours again", async () => {
  const [red, black, grey] = [[255, 0, 0], [0, 0, 0], [128, 128, 128]];
  const picture = png([...red, ...black, ...black, ...red], 2, 3);
  const store = await twoFolders(
    { "a.png": GREY, "b.png": GREY },
    { "a.png": picture, "b.png": png([0, 0, 0, 128], 2) },
  );
  const source = await inspect(store);
  assert.deepEqual(source.values.map(({ value }) => value), ["#000000", "#808080", "#ff0000"]);
  const names = { tumour: "#ff0000", background: "#000000", edge: "#808080" };
  const json = await prepare(store, source, names);
  assert.deepEqual(json.labels, { background: 0, edge: 1, tumour: 2 });
  assert.deepEqual(await labelsOf(store, `${FOLDER}/labelsTr/a.png`), [2, 0, 0, 2]);
  assert.deepEqual(await labelsOf(store, `${FOLDER}/labelsTr/b.png`), [0, 0, 0, 1]);

  const properties = { spacing: [999, 1, 1] };
  const file = { path: "back.png", reader: "NaturalImage2DIO" as const, properties };
  await writeStoredLabels(
    store,
    { ...file, shape: [1, 2, 2] },
    [2, 0, 1, 2],
    labelValuesOf(json)!,
  );
  assert.deepEqual(
    await store.read("back.png"),
    png([...red, ...black, ...grey, ...red], 2, 3),
  );
});

Deno.test("grey stored as colours is grey; RGB images have three channels", async () => {
  const rgb = png([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2], 2, 3);
  const grey = png([0, 1, 1, 0].flatMap((value) => [value, value, value]), 2, 3);
  const store = await twoFolders({ "a.png": rgb }, { "a.png": grey });
  const source = await inspect(store);
  assert.deepEqual(source.values.map(({ value }) => value), [0, 1]);
  assert.equal(source.channels, 3);
  await assert.rejects(prepare(store, source, { background: 0, cell: 1 }, ["RGB"]), {
    name: "DataError",
    message: 'Cannot prepare "raw/Dataset005_Cells": 1 channel names (RGB) for images with 3 ' +
      "channels, give one each",
  });
  const json = await prepare(store, source, { background: 0, cell: 1 }, ["R", "G", "B"]);
  assert.equal(json.label_values, undefined);
  assert.deepEqual(await labelsOf(store, `${FOLDER}/labelsTr/a.png`), [0, 1, 1, 0]);
});

Deno.test("background is 0 and ignore the highest, whatever is stored", async () => {
  const store = await twoFolders({ "a.png": GREY }, { "a.png": png([7, 3, 200, 9], 2) });
  const names = { ignore: 3, b: 200, background: 9, a: 7 };
  const json = await prepare(store, await inspect(store), names);
  assert.deepEqual(json.labels, { background: 0, a: 1, b: 2, ignore: 3 });
  assert.deepEqual(await labelsOf(store, `${FOLDER}/labelsTr/a.png`), [1, 3, 2, 0]);
});

Deno.test("label maps of another format take their image's geometry", async () => {
  const store = new MemoryStore();
  const sitk_stuff = {
    spacing: [1, 2, 3],
    origin: [4, 5, 6],
    direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
  const write = (path: string, values: number[]) =>
    writeSeg(store, "SimpleITKIO", path, Uint8Array.from(values), [1, 2, 2], {
      spacing: [3, 2, 1],
      sitk_stuff: path.endsWith("mha") ? sitk_stuff : { ...sitk_stuff, origin: [0, 0, 0] },
    });
  await write("in/input/c.mha", [1, 2, 3, 4]);
  await write("in/ground_truth/c.nrrd", [0, 4, 4, 0]);
  await prepare(store, await inspect(store), { background: 0, cell: 4 });
  const seg = await readSeg(store, "SimpleITKIO", `${FOLDER}/labelsTr/c.mha`);
  assert.deepEqual([...seg.data], [0, 1, 1, 0]);
  assert.deepEqual(seg.properties.sitk_stuff, sitk_stuff);
});

Deno.test("channels are told by _0000; names pair up by what differs between them", async () => {
  const label = png([0, 1, 1, 0], 2);
  const store = await twoFolders(
    {
      "img_9_0000.png": GREY,
      "img_9_0001.png": GREY,
      "img_10_0000.png": GREY,
      "img_10_0001.png": GREY,
    },
    { "mask_9.png": label, "mask_10.png": label },
  );
  const { cases, channels } = await inspect(store);
  assert.equal(channels, 2);
  assert.deepEqual(cases.map(({ identifier, label }) => [identifier, label]), [
    ["img_10", "in/ground_truth/mask_10.png"],
    ["img_9", "in/ground_truth/mask_9.png"],
  ]);
});

Deno.test("what fails half-way leaves nothing behind", async () => {
  const store = await twoFolders(
    { "a.png": GREY, "b.png": GREY },
    { "a.png": png([0, 9, 9, 0], 2), "b.png": png([0, 9, 9, 0], 2) },
  );
  const source = await inspect(store);
  await store.remove("in/ground_truth/b.png");
  await assert.rejects(prepare(store, source, { background: 0, cell: 9 }), /b\.png/);
  assert.equal(await store.stat(FOLDER), undefined);
});

// P13, P16 and P17: what a user reads.
const MISTAKES: [string, Record<string, Uint8Array>, Record<string, Uint8Array>, string][] = [
  [
    "names that do not pair up",
    { "a.png": GREY, "b.png": GREY },
    { "a.png": GREY, "x.png": GREY, "y.png": GREY },
    'Cannot prepare "in/input": no label map in "in/ground_truth" is named like b (unused there: x, y): ' +
    "name image and label map alike, or take these images out",
  ],
  [
    "numbers that differ do not pair up",
    { "img_1.png": GREY, "img_2.png": GREY },
    { "mask_2.png": GREY, "mask_3.png": GREY },
    'Cannot prepare "in/input": no label map in "in/ground_truth" is named like img_1, img_2 ' +
    "(unused there: mask_2, mask_3): name image and label map alike, or take these images out",
  ],
  [
    "a channel is missing",
    { "a_0000.png": GREY, "a_0002.png": GREY },
    { "a.png": GREY },
    'Cannot prepare case "a": it has channel 0002 but not 0001, add that file or number its ' +
    "channels from 0000",
  ],
  [
    "_0000 is missing on some",
    { "a_0000.png": GREY, "b.png": GREY },
    { "a.png": GREY, "b.png": GREY },
    'Cannot prepare "in/input/b.png": other images end in a channel number, this one does not, ' +
    "name it b_0000.png",
  ],
  [
    "JPEG",
    { "a.jpg": GREY },
    { "a.png": GREY },
    'Cannot prepare "in/input": it holds .jpg files: JPEG loses detail and blurs labels, save the ' +
    "originals as .png",
  ],
  [
    "NumPy arrays",
    { "a.npy": GREY },
    { "a.png": GREY },
    'Cannot prepare "in/input": it holds .npy files: an array has no spacing, save it as .nii.gz ' +
    "or, in 2D, as .png",
  ],
  [
    "a mixture of formats",
    { "a.png": GREY, "b.bmp": GREY },
    { "a.png": GREY },
    'Cannot prepare "in/input": it holds .png and .bmp files, convert all to one of them',
  ],
  [
    "an empty folder",
    {},
    { "a.png": GREY },
    'Cannot prepare "in/input": no file there ends in .nii.gz .nii .nrrd .mha .gipl .png .bmp .tif ' +
    ".tiff, check the folder",
  ],
  [
    "a scan in place of a label map",
    { "a.png": GREY },
    {
      "a.png": encode({
        width: 64,
        height: 64,
        channels: 1,
        depth: 16,
        data: Uint16Array.from({ length: 4096 }, (_, i) => i),
      }),
    },
    'Cannot use "in/ground_truth/a.png" as a label map: it holds more than 1024 values, check that ' +
    "it is no scan and was not saved with loss (JPEG)",
  ],
];

for (const [name, images, labels, message] of MISTAKES) {
  Deno.test(`prepare says what is wrong: ${name}`, async () => {
    const store = await twoFolders(images, labels);
    await assert.rejects(inspect(store), { name: "DataError", message });
  });
}

Deno.test("prepare says what is wrong: label names that do not fit", async () => {
  const store = await twoFolders({ "a.png": GREY }, { "a.png": png([0, 255, 255, 0], 2) });
  const source = await inspect(store);
  const refused = async (labels: Record<string, StoredValue>, message: string) => {
    await assert.rejects(prepare(store, source, labels), { name: "DataError", message });
  };
  await refused(
    { background: 0 },
    "Cannot prepare labels: 255 has no name, name every value (the label maps hold 0, 255)",
  );
  await refused(
    { membrane: 0, cell: 255 },
    "Cannot prepare labels: none is called background, give one value that name, e.g. the one " +
      "around the object (the label maps hold 0, 255)",
  );
  await refused(
    { background: 0, cell: 255, nucleus: 128 },
    'Cannot prepare labels: no label map holds 128 ("nucleus"), leave it out or correct it ' +
      "(the label maps hold 0, 255)",
  );
  await prepare(store, source, { background: 0, cell: 255 });
  await refused(
    { background: 0, cell: 255 },
    'Cannot prepare "raw/Dataset005_Cells": it exists already, choose another name or remove it',
  );
});

Deno.test("float label maps are refused with the value", async () => {
  const store = await twoFolders({ "a.tif": floatTiff([1, 2, 3, 4]) }, {
    "a.tif": floatTiff([0, 0.5, 1, 1]),
  });
  await assert.rejects(inspect(store), {
    name: "DataError",
    message: 'Cannot use "in/ground_truth/a.tif" as a label map: it holds 0.5, labels must be ' +
      "whole numbers from 0 to 65535, correct it",
  });
});

Deno.test("any values survive the way there and back", async () => {
  const values = fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(values, async (stored) => {
      const before = png(stored, stored.length);
      const store = await twoFolders({ "a.png": before }, { "a.png": before });
      const names = Object.fromEntries(
        stored.map((value, i) => [i === 0 ? "background" : `label ${i}`, value]),
      );
      const json = await prepare(store, await inspect(store), names);
      const labels = await labelsOf(store, `${FOLDER}/labelsTr/a.png`);
      assert.deepEqual([...labels].sort((a, b) => a - b), stored.map((_, i) => i));
      const restored = json.label_values ? labelValuesOf(json)! : undefined;
      assert.deepEqual(labels.map((label) => restored?.get(label) ?? label), stored);
    }),
    { numRuns: 30 },
  );
});

/** A 2 × 2 picture of float32. */
function floatTiff(values: number[]): Uint8Array {
  const entries = [
    [256, 3, 1, 2],
    [257, 3, 1, 2],
    [258, 3, 1, 32],
    [259, 3, 1, 1],
    [262, 3, 1, 1],
    [273, 4, 1, 8 + 2 + 12 * 10 + 4],
    [277, 3, 1, 1],
    [278, 3, 1, 2],
    [279, 4, 1, 16],
    [339, 3, 1, 3],
  ];
  const bytes = new Uint8Array(8 + 2 + 12 * entries.length + 4 + 16);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8]);
  view.setUint16(8, entries.length, true);
  entries.forEach(([tag, type, count, value], i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, count, true);
    view.setUint32(at + 8, value, true);
  });
  values.forEach((value, i) => view.setFloat32(bytes.length - 16 + 4 * i, value, true));
  return bytes;
}
