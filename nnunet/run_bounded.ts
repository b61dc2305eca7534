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
 *
 * @returns the results in the order of the items
 */
export async function runBounded<T, Result>(
  items: readonly T[],
  work: (item: T) => Promise<Result>,
  { parallel, maxBytes, bytesOf }: RunBoundedLimits<T>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  const failures: unknown[] = [];
  const atWork = new Set<Promise<void>>();
  let bytesAtWork = 0;
  for (const [i, item] of items.entries()) {
    const bytes = bytesOf(item);
    while (atWork.size >= parallel || (atWork.size > 0 && bytesAtWork + bytes > maxBytes)) {
      await Promise.race(atWork);
    }
    if (failures.length > 0) break;
    bytesAtWork += bytes;
    const task = work(item).then(
      (result) => void (results[i] = result),
      (error) => void failures.push(error),
    ).finally(() => {
      bytesAtWork -= bytes;
      atWork.delete(task);
    });
    atWork.add(task);
  }
  await Promise.all(atWork);
  if (failures.length > 0) throw failures[0];
  return results;
}
