import assert from "node:assert/strict";
import { groupSeries, listSeriesFolders } from "../../../nnunet/dicom/series_folders.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";

Deno.test("folders with channel numbers are channels of a case, others are cases", () => {
  assert.deepEqual(groupSeries(["b_0000", "a_0001", "a_0000"]), [
    ["a", ["a_0000", "a_0001"]],
    ["b", ["b_0000"]],
  ]);
  assert.deepEqual(groupSeries(["scan_2021", "x"]), [["scan_2021", ["scan_2021"]], ["x", ["x"]]]);
  assert.deepEqual(groupSeries([]), []);
});

Deno.test("hidden folders and files are no series", async () => {
  const store = new MemoryStore();
  for (const path of ["a/1", ".git/1", "__MACOSX/1", "notes"]) await store.write(`in/${path}`, "");
  assert.deepEqual(await listSeriesFolders(store, "in"), ["a"]);
});
