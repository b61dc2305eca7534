import { goldenTest } from "./golden.ts";
import { hasGpu } from "./gpu_test.ts";

/** A {@linkcode goldenTest} that needs an adapter; without one it shows as ignored, too. */
export function goldenGpuTest(part: string, name: string, fn: () => void | Promise<void>): void {
  if (hasGpu) goldenTest(part, name, fn);
  else Deno.test.ignore(`golden ${part}: ${name} (skipped: no WebGPU adapter)`, fn);
}
