/** Limits of {@linkcode runBounded}. */
export interface RunBoundedLimits<T> {
  /** Items at a time. */
  parallel: number;
  /** Sum of the bytes of the items at work; an item beyond it runs alone. */
  maxBytes: number;
  bytesOf: (item: T) => number;
}

/**
 * Works on items in order, several at a time, within limits of number and memory. After the first
 * failure no further item is begun; those at work are waited for, then the failure is thrown.
 */
export async function runBounded<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
  { parallel, maxBytes, bytesOf }: RunBoundedLimits<T>,
): Promise<void> {
  const failures: unknown[] = [];
  const atWork = new Set<Promise<void>>();
  let bytesAtWork = 0;
  for (const item of items) {
    const bytes = bytesOf(item);
    while (atWork.size >= parallel || (atWork.size > 0 && bytesAtWork + bytes > maxBytes)) {
      await Promise.race(atWork);
    }
    if (failures.length > 0) break;
    bytesAtWork += bytes;
    const task = work(item).catch((error) => void failures.push(error)).finally(() => {
      bytesAtWork -= bytes;
      atWork.delete(task);
    });
    atWork.add(task);
  }
  await Promise.all(atWork);
  if (failures.length > 0) throw failures[0];
}
