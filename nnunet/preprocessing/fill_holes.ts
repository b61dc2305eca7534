/** Extent of the three spatial axes, last one fastest. */
export type Shape3 = [number, number, number];

const BACKGROUND = 0;
const FOREGROUND = 1;
const OUTSIDE = 2;

/**
 * Sets every hole of a binary mask (0 or 1) to 1, in place. A hole is background that no path over
 * voxel faces connects to the border of the array, so an array with an axis of length 1 has none
 * (SciPy's `binary_fill_holes`).
 *
 * @param mask shape `shape`, last axis fastest
 */
export function fillHoles(mask: Uint8Array, shape: Shape3): void {
  markOutside(mask, shape);
  for (let i = 0; i < mask.length; i++) mask[i] = mask[i] === OUTSIDE ? BACKGROUND : FOREGROUND;
}

/** Floods the background from the border. The stack holds runs of voxels, not single ones. */
function markOutside(mask: Uint8Array, [depth, height, width]: Shape3): void {
  const plane = height * width;
  const stack = new IndexStack();

  const markRun = (row: number, x: number): void => {
    let begin = x;
    while (begin > 0 && mask[row + begin - 1] === BACKGROUND) begin--;
    let end = x + 1;
    while (end < width && mask[row + end] === BACKGROUND) end++;
    mask.fill(OUTSIDE, row + begin, row + end);
    stack.push(row + begin);
  };
  const markRuns = (row: number, begin: number, end: number): void => {
    for (let x = begin; x < end; x++) if (mask[row + x] === BACKGROUND) markRun(row, x);
  };

  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      const row = z * plane + y * width;
      if (z === 0 || z === depth - 1 || y === 0 || y === height - 1) {
        markRuns(row, 0, width);
      } else {
        markRuns(row, 0, 1);
        markRuns(row, width - 1, width);
      }
    }
  }
  while (stack.length > 0) {
    const start = stack.pop();
    const begin = start % width;
    const row = start - begin;
    let end = begin;
    while (end < width && mask[row + end] === OUTSIDE) end++;
    const y = (row % plane) / width;
    const z = (row - y * width) / plane;
    if (z > 0) markRuns(row - plane, begin, end);
    if (z < depth - 1) markRuns(row + plane, begin, end);
    if (y > 0) markRuns(row - width, begin, end);
    if (y < height - 1) markRuns(row + width, begin, end);
  }
}

/** Numbers below 2^53 in a typed array that doubles: an array of numbers would take more memory. */
class IndexStack {
  length = 0;
  #items = new Float64Array(1024);

  push(index: number): void {
    if (this.length === this.#items.length) {
      const grown = new Float64Array(2 * this.length);
      grown.set(this.#items);
      this.#items = grown;
    }
    this.#items[this.length++] = index;
  }

  pop(): number {
    return this.#items[--this.length];
  }
}
