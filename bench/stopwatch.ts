import { availableParallelism } from "node:os";
import process from "node:process";
import type { Gpu } from "../engine/mod.ts";

/** Runs shorter than this are repeated before the clock is read. */
const SHORTEST_MS = 60;
/** Of so many measurements the fastest counts. */
const MEASUREMENTS = 4;

/** Milliseconds of a clock that suits a device; see {@linkcode clockName}. */
function now(gpu: Gpu): number {
  if (!gpu.info.software) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 / availableParallelism();
}

/** What the milliseconds are. */
export function clockName(gpu: Gpu): string {
  return gpu.info.software
    ? `processor time of this process over ${availableParallelism()} cores, so that other load does not count`
    : "wall time";
}

/** Milliseconds that the device takes for what `record` enqueues; the first run compiles and is not counted. */
export async function measure(gpu: Gpu, record: () => void): Promise<number> {
  const run = async (times: number) => {
    const start = now(gpu);
    for (let i = 0; i < times; i++) gpu.scope(record);
    await gpu.finish();
    return (now(gpu) - start) / times;
  };
  await run(1);
  const times = Math.max(1, Math.ceil(SHORTEST_MS / await run(1)));
  let best = Infinity;
  for (let i = 0; i < MEASUREMENTS; i++) best = Math.min(best, await run(times));
  return best;
}
