import source from "../shaders/arithmetic_ceiling.wgsl" with { type: "text" };
import type { Gpu } from "../engine/mod.ts";
import { Kernel } from "../engine/kernel.ts";
import { measure } from "./stopwatch.ts";

const multiplyAdd = new Kernel("arithmetic_ceiling", source, "multiply_add");

const CHAINS = [4, 6, 8, 10, 12, 16];
const UNROLL = [1, 2, 4, 8];
const WORKGROUPS = 256;
const INVOCATIONS = 64 * WORKGROUPS;
/** Multiplications and additions in each invocation, about. */
const OPERATIONS = 100_000;

/** Time and rate of the fastest loop without memory traffic; what all other rates are shares of. */
export async function arithmeticCeiling(gpu: Gpu): Promise<{ ms: number; gflops: number }> {
  const values = gpu.zeros([4 * INVOCATIONS]);
  let fastest = { ms: Infinity, gflops: 0 };
  for (const chains of CHAINS) {
    for (const unroll of UNROLL) {
      const perIteration = 2 * chains * unroll;
      const iterations = Math.ceil(OPERATIONS / perIteration);
      const ms = await measure(gpu, () =>
        gpu.dispatch(multiplyAdd, {
          params: { iterations },
          buffers: { values },
          overrides: { CHAINS: chains, UNROLL: unroll },
          workgroups: [WORKGROUPS, 1, 1],
        }));
      const gflops = INVOCATIONS * perIteration * iterations / ms / 1e6;
      if (gflops > fastest.gflops) fastest = { ms, gflops };
    }
  }
  values.dispose();
  return fastest;
}
