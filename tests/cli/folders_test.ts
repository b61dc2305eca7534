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
