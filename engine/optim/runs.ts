import { Tensor } from "../tensor.ts";

/**
 * Joins neighbours: given several lists of tensors that belong together by index (parameters, gradients,
 * momenta), returns views over stretches that lie side by side in each list's memory, as parts of an
 * arena do, so that one dispatch serves many tensors. Where neighbours are apart, and where a stretch
 * would exceed what a kernel can bind, a new one begins. Views are not to be disposed.
 */
export function joinNeighbours(lists: readonly (readonly Tensor[])[]): Tensor[][] {
  const runs: Tensor[][] = [];
  let start = 0;
  for (let i = 1; i <= lists[0].length; i++) {
    if (i < lists[0].length && lists.every((list) => joins(list[start], list[i - 1], list[i]))) {
      const offsets = lists.map((list) => list[i].byteOffset - list[start].byteOffset);
      if (offsets.every((offset) => offset === offsets[0])) continue;
    }
    runs.push(lists.map((list) => view(list[start], list[i - 1])));
    start = i;
  }
  return runs;
}

function joins(first: Tensor, previous: Tensor, next: Tensor): boolean {
  const { minStorageBufferOffsetAlignment, maxStorageBufferBindingSize } = next.gpu.limits;
  const gap = next.byteOffset - (previous.byteOffset + previous.byteLength);
  const length = next.byteOffset + next.byteLength - first.byteOffset;
  return next.whole !== undefined && next.whole === previous.whole &&
    gap >= 0 && gap < minStorageBufferOffsetAlignment && length <= maxStorageBufferBindingSize;
}

function view(first: Tensor, last: Tensor): Tensor {
  const { gpu, buffer, byteOffset } = first;
  const bytes = last.byteOffset + last.byteLength - byteOffset;
  return new Tensor(gpu, [bytes / 4], "flat", buffer, undefined, byteOffset);
}
