import assert from "node:assert/strict";
import { Gpu } from "../../engine/gpu.ts";
import { openGpu } from "../../engine/request_gpu.ts";

let shared: Gpu | Error | undefined;
try {
  shared = await openGpu();
} catch (error) {
  shared = error as Error;
}

/** Whether this machine has an adapter. */
export const hasGpu = shared instanceof Gpu;

/** The device that the tests of one file share. */
export function testGpu(): Gpu {
  if (shared instanceof Gpu) return shared;
  throw shared;
}

/**
 * A test with a device. Fails on a tensor that outlives it and on any device error; shows as ignored,
 * with the reason, on a machine without an adapter.
 */
export function gpuTest(name: string, fn: (gpu: Gpu) => void | Promise<void>): void {
  Deno.test({
    name: hasGpu ? name : `${name} (skipped: no WebGPU adapter)`,
    ignore: !hasGpu,
    sanitizeResources: false,
    fn: async () => {
      const gpu = testGpu();
      const before = gpu.memory().tensors;
      await fn(gpu);
      await gpu.finish();
      assert.equal(gpu.memory().tensors, before, "tensors outlived the test");
    },
  });
}
