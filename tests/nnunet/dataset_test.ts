import assert from "node:assert/strict";
import { DenoStore } from "../../cli/deno_store.ts";
import {
  channelNames,
  datasetId,
  datasetName,
  discoverCases,
  groupChannels,
  parseDatasetJson,
} from "../../nnunet/dataset.ts";
import { DataError } from "../../nnunet/errors.ts";
import { orderedEntries } from "../../nnunet/python_json.ts";

const valid = {
  channel_names: { "0": "T2", "1": "ADC" },
  labels: { background: 0, tumour: 1 } as Record<string, unknown>,
  numTraining: 2,
  file_ending: ".nii.gz",
};

Deno.test("parseDatasetJson() keeps what it does not know and the order of labels", () => {
  const text = `{"labels": {"background": 0, "whole": ["1", 2], "7": 2}, "numTraining": 2,
    "file_ending": ".png", "modality": {"0": "gray"}, "extra": [NaN]}`;
  const json = parseDatasetJson(text, "dataset.json");
  assert.deepEqual(
    orderedEntries(json.labels),
    [["background", 0], ["whole", [1, 2]], ["7", 2]],
  );
  assert.deepEqual(channelNames(json), ["gray"]);
  assert.deepEqual(json.extra, [NaN]);
});

Deno.test("parseDatasetJson() names the file and the key that is wrong", () => {
  const wrong: [unknown, RegExp][] = [
    [{ ...valid, labels: undefined }, /"d\/dataset.json": "labels": the key is missing/],
    [{ ...valid, numTraining: "2" }, /"numTraining": expected a whole number/],
    [{ ...valid, file_ending: 3 }, /"file_ending": expected text/],
    [{ ...valid, channel_names: undefined }, /"channel_names": the key is missing/],
    [{ ...valid, labels: { background: 0, a: 0.5 } }, /"labels.a": expected a whole number/],
    [{ ...valid, dataset: { a: { images: [], label: "x" } } }, /"dataset.a.images": no image/],
    [3, /expected an object/],
  ];
  for (const [json, message] of wrong) {
    assert.throws(
      () => parseDatasetJson(JSON.stringify(json), "d/dataset.json"),
      (error: Error) => error instanceof DataError && message.test(error.message),
      String(message),
    );
  }
  assert.throws(() => parseDatasetJson('{"a": 1,}', "d.json"), /"d.json": .* line 1, column 9/);
});

Deno.test("groupChannels() groups files by case in code-point order", () => {
  const names = ["b_0001.nii.gz", "b_0000.nii.gz", "B_0000.nii.gz", "_a_0000.nii.gz"];
  assert.deepEqual(groupChannels(names, ".nii.gz"), [
    ["B", ["B_0000.nii.gz"]],
    ["_a", ["_a_0000.nii.gz"]],
    ["b", ["b_0000.nii.gz", "b_0001.nii.gz"]],
  ]);
});

Deno.test("groupChannels() lists a case whose file has no channel number, without that file", () => {
  assert.deepEqual(groupChannels(["case_1.png"], ".png"), [["c", []]]);
  assert.deepEqual(groupChannels(["c.png"], ".png"), [["", []]]);
});

Deno.test("discoverCases() lists imagesTr and finds the label beside it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = new DenoStore(folder);
    for (const name of ["x_0001.png", "x_0000.png", "x_0000.json"]) {
      await store.write(`D/imagesTr/${name}`, "");
    }
    const json = parseDatasetJson(JSON.stringify({ ...valid, file_ending: ".png" }), "");
    assert.deepEqual(await discoverCases(store, "D", json), [{
      identifier: "x",
      images: ["D/imagesTr/x_0000.png", "D/imagesTr/x_0001.png"],
      label: "D/labelsTr/x.png",
    }]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("discoverCases() takes the file table of dataset.json in its order", async () => {
  const text = JSON.stringify(valid).slice(0, -1) + `, "dataset": {
    "b": {"images": ["$HOME/1.png", "../o/./2.png"], "label": "\${NONE}/l.png"},
    "10": {"images": ["/abs/3.png"], "label": "l.png"}, "9": {"images": ["4"], "label": "5"}}}`;
  const cases = await discoverCases(new DenoStore(), "raw/D", parseDatasetJson(text, ""), {
    environment: { HOME: "/home/me" },
  });
  assert.deepEqual(cases.map((c) => c.identifier), ["b", "10", "9"]);
  assert.deepEqual(cases[0].images, ["/home/me/1.png", "raw/o/2.png"]);
  assert.equal(cases[0].label, "raw/D/${NONE}/l.png");
  assert.deepEqual(cases[1].images, ["/abs/3.png"]);
});

Deno.test("datasetName() says what to do when an id does not lead to one dataset", () => {
  const folders = ["Dataset004_A", "Dataset004_A", "Dataset005_B", "Dataset005_C"];
  assert.equal(datasetName("4", folders), "Dataset004_A");
  assert.throws(() => datasetName(5, folders), /Dataset005_B, Dataset005_C share that id/);
  assert.throws(() => datasetName(6, folders), /begins with "Dataset006"/);
  assert.throws(() => datasetName("A", folders), /neither an id nor a name/);
  assert.throws(() => datasetId("Data004_A"), DataError);
});
