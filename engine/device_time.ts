import type { Gpu } from "./gpu.ts";
import * as webgpu from "./webgpu.ts";

type When = "beginningOfPassWriteIndex" | "endOfPassWriteIndex";

/**
 * Milliseconds that the device takes for what `enqueue` records: by the device's own clock where
 * "timestamp-query" was granted, else by ours, which counts the wait for the answer too.
 */
export async function deviceMilliseconds(gpu: Gpu, enqueue: () => void): Promise<number> {
  await gpu.finish();
  if (!gpu.device.features.has("timestamp-query")) {
    const start = performance.now();
    enqueue();
    await gpu.finish();
    return performance.now() - start;
  }
  const { device } = gpu;
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const answer = device.createBuffer({
    size: 16,
    usage: webgpu.BUFFER_QUERY_RESOLVE | webgpu.BUFFER_COPY_SRC,
  });
  const staging = device.createBuffer({
    size: 16,
    usage: webgpu.BUFFER_MAP_READ | webgpu.BUFFER_COPY_DST,
  });
  // Passes that do nothing but note the time, before and after all that is in between.
  const note = (encoder: GPUCommandEncoder, writes: Partial<Record<When, number>>) =>
    encoder.beginComputePass({ timestampWrites: { querySet, ...writes } }).end();
  try {
    const before = device.createCommandEncoder();
    note(before, { endOfPassWriteIndex: 0 });
    device.queue.submit([before.finish()]);
    enqueue();
    gpu.submit();
    const after = device.createCommandEncoder();
    note(after, { beginningOfPassWriteIndex: 1 });
    after.resolveQuerySet(querySet, 0, 2, answer, 0);
    after.copyBufferToBuffer(answer, 0, staging, 0, 16);
    device.queue.submit([after.finish()]);
    await staging.mapAsync(webgpu.MAP_READ);
    const [start, end] = new BigUint64Array(staging.getMappedRange());
    return Number(end! - start!) / 1e6;
  } finally {
    querySet.destroy();
    answer.destroy();
    staging.destroy();
  }
}
