import assert from "node:assert/strict";
import { mirrorSubsets } from "../../../nnunet/inference/mirroring.ts";

Deno.test("mirrorSubsets() lists singles, pairs, then all axes (spec 06, check 4)", () => {
  assert.deepEqual(mirrorSubsets([0, 1, 2]), [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]);
  assert.deepEqual(mirrorSubsets([0, 1]), [[0], [1], [0, 1]]);
  assert.deepEqual(mirrorSubsets([]), []);
});
