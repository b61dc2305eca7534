import assert from "node:assert/strict";
import { assertFits, largestFeatureMap } from "../../../nnunet/network/device_fit.ts";
import type { Configuration } from "../../../nnunet/plans.ts";

const configuration = {
  batch_size: 9,
  patch_size: [40, 56, 40],
  architecture: {
    arch_kwargs: {
      features_per_stage: [32, 64, 128, 256],
      strides: [[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]],
    },
  },
} as unknown as Configuration;
const limits = (mebibytes: number) => ({
  maxStorageBufferBindingSize: mebibytes * 2 ** 20,
  maxBufferSize: 2 ** 31,
});

Deno.test("a plan that fits passes", () => {
  assert.equal(largestFeatureMap(configuration, 9), 9 * 32 * 40 * 56 * 40 * 4);
  assertFits("3d_fullres", configuration, limits(128));
});

Deno.test("a plan that does not fit is refused with the limit and one that fits", () => {
  assert.throws(
    () => assertFits("3d_fullres", configuration, limits(64)),
    /99 MiB exceeds maxStorageBufferBindingSize 64 MiB .* set batch_size 5 in the plans/,
  );
  assert.throws(
    () => assertFits("3d_fullres", configuration, limits(8)),
    /set patch_size \[40,40,40\] and batch_size 1/,
  );
});
