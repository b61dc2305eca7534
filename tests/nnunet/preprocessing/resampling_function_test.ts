import assert from "node:assert/strict";
import { resample } from "../../../nnunet/preprocessing/resampling_function.ts";

const LINE = Float32Array.of(0, 4);

function resampleLine(functionName: string): Float32Array {
  const kwargs = { order: 3 };
  return resample(functionName, LINE, [1, 1, 1, 2], [1, 1, 3], [1, 1, 1], [1, 1, 1], kwargs);
}

Deno.test("resample() calls the function that the plans name", () => {
  assert.equal(resampleLine("no_resampling_hack"), LINE);
  assert.deepEqual([...resampleLine("resample_torch_fornnunet")], [0, 2, 4]);
  assert.equal(resampleLine("resample_data_or_seg_to_shape").length, 3);
});

Deno.test("resample() lists the functions there are", () => {
  assert.throws(() => resampleLine("toString"), /Cannot resample with "toString".*torch_fornnunet/);
});
