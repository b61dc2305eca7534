import type { Shape3 } from "./fill_holes.ts";

/** Degree of the spline: nearest neighbour, linear, cubic B-spline. */
export type SplineOrder = 0 | 1 | 3;

/** Where each output sample of an axis takes its values from. */
export interface AxisTaps {
  /** Input samples an output sample is made of: 1, 2 or 4, next to each other. */
  count: number;
  /** The first of them for each output sample; some may lie up to 2 beyond the ends of the axis. */
  first: Int32Array;
  /** `[output length, count]`. */
  weights: Float64Array;
}

/**
 * Taps for resizing an axis from `n` to `m` samples, whose outer edges stay where they are: output `k`
 * lies at `(k + ½)·n/m − ½`. Orders 0 and 1 clamp this to the axis, order 3 does not.
 *
 * Weights are computed in SciPy's order of operations: ties between labels depend on the last bit.
 */
export function axisTaps(n: number, m: number, order: SplineOrder): AxisTaps {
  const count = order + 1;
  const first = new Int32Array(m);
  const weights = new Float64Array(m * count);
  const scale = n / m;
  for (let k = 0; k < m; k++) {
    let x = (k + 0.5) * scale - 0.5;
    if (order < 3) x = Math.min(Math.max(x, 0), n - 1);
    const floor = Math.floor(order === 0 ? x + 0.5 : x);
    const t = x - floor;
    const u = 1 - t;
    const at = k * count;
    if (order === 3) {
      first[k] = floor - 1;
      weights[at] = u * u * u / 6;
      weights[at + 1] = (t * t * (t - 2) * 3 + 4) / 6;
      weights[at + 2] = (u * u * (u - 2) * 3 + 4) / 6;
      weights[at + 3] = 1 - weights[at] - weights[at + 1] - weights[at + 2];
    } else {
      first[k] = floor;
      weights[at] = order === 0 ? 1 : u;
      if (order === 1) weights[at + 1] = 1 - u;
    }
  }
  return { count, first, weights };
}

/** Pole and gain of the recursive filter that turns samples into cubic B-spline coefficients. */
const POLE = Math.sqrt(3) - 2;
const GAIN = 6;
/** Rows beyond both ends of an axis that taps may reach. */
const MARGIN = 2;
/** Lines resized together: their block stays in the cache, and no copy of the volume is padded. */
const LINES = 128;

type Samples = Float32Array | Float64Array;

/** Resizes one axis of arrays from `n` to `m` samples, in float64, a block of lines at a time. */
export class AxisResizer {
  readonly #taps: AxisTaps;
  /** `[MARGIN + n + MARGIN, LINES]`: samples, then coefficients, of a block of lines. */
  readonly #block: Float64Array;
  /** Where each line of the block starts in the array it comes from or goes to. */
  readonly #starts = new Float64Array(LINES);
  readonly #edge = new Float64Array(LINES);

  constructor(readonly n: number, readonly m: number, readonly order: SplineOrder) {
    this.#taps = axisTaps(n, m, order);
    this.#block = new Float64Array((n + 2 * MARGIN) * LINES);
  }

  /** Fills `to`, shape `[outer, m, inner]`, from `from`, shape `[outer, n, inner]`. */
  run(from: Samples, to: Samples, outer: number, inner: number): void {
    for (let line = 0; line < outer * inner; line += LINES) {
      const lines = Math.min(LINES, outer * inner - line);
      this.#findStarts(line, lines, this.n, inner);
      this.#load(from, lines, inner);
      if (this.order === 3) this.#filter(lines);
      this.#findStarts(line, lines, this.m, inner);
      this.#store(to, lines, inner);
    }
  }

  #findStarts(line: number, lines: number, length: number, inner: number): void {
    for (let j = 0; j < lines; j++) {
      const outer = Math.floor((line + j) / inner);
      this.#starts[j] = outer * length * inner + (line + j) % inner;
    }
  }

  #load(from: Samples, lines: number, inner: number): void {
    const block = this.#block;
    const starts = this.#starts;
    for (let i = 0; i < this.n; i++) {
      const row = (MARGIN + i) * LINES;
      const offset = i * inner;
      for (let j = 0; j < lines; j++) block[row + j] = from[starts[j] + offset];
    }
    const end = (MARGIN + this.n) * LINES;
    for (let i = 0; i < MARGIN; i++) {
      block.copyWithin(i * LINES, MARGIN * LINES, (MARGIN + 1) * LINES);
      block.copyWithin(end + i * LINES, end - LINES, end);
    }
  }

  /**
   * Makes spline coefficients of the samples. Each line is taken to go on for ever with its edge
   * values. SciPy pads with 12 of them and mirrors: the same up to |POLE|^24 = 2e-14.
   */
  #filter(lines: number): void {
    const block = this.#block;
    const last = (this.n + 2 * MARGIN - 1) * LINES;
    this.#edge.set(block.subarray(last, last + LINES));
    for (let j = 0; j < lines; j++) block[j] *= GAIN / (1 - POLE);
    for (let row = LINES; row <= last; row += LINES) {
      for (let j = row; j < row + lines; j++) block[j] = GAIN * block[j] + POLE * block[j - LINES];
    }
    for (let j = 0; j < lines; j++) {
      const limit = this.#edge[j] * GAIN / (1 - POLE);
      const rest = block[last + j] - limit;
      block[last + j] = -POLE * (limit / (1 - POLE) + rest / (1 - POLE * POLE));
    }
    for (let row = last - LINES; row >= 0; row -= LINES) {
      for (let j = row; j < row + lines; j++) block[j] = POLE * (block[j + LINES] - block[j]);
    }
  }

  #store(to: Samples, lines: number, inner: number): void {
    const { count, first, weights } = this.#taps;
    const block = this.#block;
    const starts = this.#starts;
    for (let k = 0; k < this.m; k++) {
      const row = (MARGIN + first[k]) * LINES;
      const offset = k * inner;
      if (count === 4) {
        const [w0, w1, w2, w3] = weights.subarray(4 * k, 4 * k + 4);
        for (let j = 0, at = row; j < lines; j++, at++) {
          to[starts[j] + offset] = w0 * block[at] + w1 * block[at + LINES] +
            w2 * block[at + 2 * LINES] + w3 * block[at + 3 * LINES];
        }
      } else if (count === 2) {
        const [w0, w1] = weights.subarray(2 * k, 2 * k + 2);
        for (let j = 0, at = row; j < lines; j++, at++) {
          to[starts[j] + offset] = w0 * block[at] + w1 * block[at + LINES];
        }
      } else {
        for (let j = 0; j < lines; j++) to[starts[j] + offset] = block[row + j];
      }
    }
  }
}

/**
 * Resizes a volume with a spline, edge values beyond its border, no smoothing, and clips the result to
 * the range of the input.
 *
 * The axes are resized one after the other in float64. The first axis comes first where it shrinks and
 * last where it grows, the others slice by slice, so that memory beside input and output stays below
 * twice the smaller number of slices.
 *
 * Source: scikit-image `resize(mode="edge", anti_aliasing=False, clip=True)`, specification 03
 * section 4.1.
 *
 * @param to filled with the result, shape `newShape`
 */
export function resizeVolume(
  from: Float32Array,
  shape: Shape3,
  to: Float32Array,
  newShape: Shape3,
  order: SplineOrder,
): void {
  const [n, height, width] = shape;
  const [m, newHeight, newWidth] = newShape;
  const size = height * width;
  const newSize = newHeight * newWidth;
  const slices = new SliceResizer([height, width], [newHeight, newWidth], order);

  if (m === n) {
    slices.run(from, to, n);
  } else if (m < n) {
    const middle = new Float64Array(m * size);
    new AxisResizer(n, m, order).run(from, middle, 1, size);
    slices.run(middle, to, m);
  } else {
    const middle = slices.unchanged ? from : new Float64Array(n * newSize);
    if (!slices.unchanged) slices.run(from, middle, n);
    new AxisResizer(n, m, order).run(middle, to, 1, newSize);
  }
  clipToRangeOf(to, from);
}

/** Resizes the two last axes, slice by slice. */
class SliceResizer {
  readonly #rows?: AxisResizer;
  readonly #columns?: AxisResizer;
  readonly #middle: Float64Array;

  constructor(
    readonly shape: [number, number],
    readonly newShape: [number, number],
    order: SplineOrder,
  ) {
    const [height, width] = shape;
    const [newHeight, newWidth] = newShape;
    if (newHeight !== height) this.#rows = new AxisResizer(height, newHeight, order);
    if (newWidth !== width) this.#columns = new AxisResizer(width, newWidth, order);
    this.#middle = new Float64Array(this.#rows && this.#columns ? height * newWidth : 0);
  }

  get unchanged(): boolean {
    return this.#rows === undefined && this.#columns === undefined;
  }

  run(from: Samples, to: Samples, count: number): void {
    const [height, width] = this.shape;
    const [newHeight, newWidth] = this.newShape;
    for (let i = 0; i < count; i++) {
      const slice = from.subarray(i * height * width, (i + 1) * height * width);
      const newSlice = to.subarray(i * newHeight * newWidth, (i + 1) * newHeight * newWidth);
      if (this.#rows && this.#columns) {
        this.#columns.run(slice, this.#middle, height, 1);
        this.#rows.run(this.#middle, newSlice, 1, newWidth);
      } else if (this.#rows) {
        this.#rows.run(slice, newSlice, 1, newWidth);
      } else if (this.#columns) {
        this.#columns.run(slice, newSlice, height, 1);
      } else {
        newSlice.set(slice);
      }
    }
  }
}

function clipToRangeOf(values: Float32Array, source: Float32Array): void {
  let min = Infinity, max = -Infinity;
  for (let i = 0; i < source.length; i++) {
    if (source[i] < min) min = source[i];
    if (source[i] > max) max = source[i];
  }
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) values[i] = min;
    else if (values[i] > max) values[i] = max;
  }
}
