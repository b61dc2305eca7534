import assert from "node:assert/strict";
import { resolve } from "node:path";
import { foldersFrom } from "../../cli/folders.ts";

Deno.test("flags stand before the environment; only what is used must be set", () => {
  const environment: Record<string, string> = {
    nnUNet_raw: "/env/raw",
    nnUNet_results: "/env/res",
  };
  const folders = foldersFrom({ raw: "here" }, (name) => environment[name]);
  assert.equal(folders.raw, resolve("here"));
  assert.equal(folders.results, "/env/res");
  assert.deepEqual(folders.known, {
    raw: resolve("here"),
    preprocessed: undefined,
    results: "/env/res",
  });
  assert.throws(() => folders.preprocessed, {
    name: "DataError",
    message: "Cannot find the preprocessed datasets: nnUNet_preprocessed is not set, " +
      'run "export nnUNet_preprocessed=/path/to/a/folder" or add "--preprocessed /path/to/a/folder"',
  });
});

Deno.test("quotes that a shell left around a path are taken off", () => {
  const environment: Record<string, string> = { nnUNet_raw: '"/data/my raw" ' };
  const folders = foldersFrom({}, (name) => environment[name]);
  assert.equal(folders.raw, resolve("/data/my raw"));
});

Deno.test("nnU-Net v1's variables are understood with one notice each; v2's stand before them", () => {
  const environment: Record<string, string> = {
    nnUNet_raw_data_base: "/v1/base",
    RESULTS_FOLDER: "/v1/results",
    nnUNet_results: "/v2/results",
  };
  const notices: string[] = [];
  const folders = foldersFrom({}, (name) => environment[name], (line) => notices.push(line));
  const raw = resolve("/v1/base/nnUNet_raw_data");
  assert.equal(folders.raw, raw);
  assert.equal(folders.results, resolve("/v2/results"));
  assert.equal(folders.known.raw, raw);
  assert.deepEqual(notices, [
    `nnUNet_raw_data_base is nnU-Net v1's: taking "${raw}" as nnUNet_raw`,
  ]);
});
