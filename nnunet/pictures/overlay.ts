import { encode } from "fast-png";
import type { Colour } from "./canvas.ts";

/** nnU-Net's colour cycle; the k-th label of a slice gets the k-th colour, background black. */
const COLOUR_CYCLE: readonly Colour[] = [
  "000000 4363d8 f58231 3cb44b e6194B 911eb4 ffe119 bfef45 42d4f4 f032e6",
  "000075 9A6324 808000 800000 469990",
].join(" ").split(" ").map((hex): Colour => {
  const value = parseInt(hex, 16);
  return [value >> 16, value >> 8 & 255, value & 255];
});

/**
 * One slice of a scan with its labels in colour, as `nnUNetv2_plot_overlay_pngs` draws it (spec
 * 07/8): one pixel a voxel, whatever the spacing.
 *
 * @param scan one channel, `[z, y, x]`
 * @param labels `[z, y, x]`
 * @param overlayIntensity how strong the colours are
 * @returns the bytes of the PNG file
 */
export function overlayPng(
  scan: Float32Array,
  labels: ArrayLike<number>,
  shape: readonly number[],
  overlayIntensity = 0.6,
): Uint8Array {
  const [, height, width] = shape;
  const size = height * width;
  const begin = sliceToPlot(labels, shape) * size;
  const gray = minMaxScaled(Array.from(scan.subarray(begin, begin + size)));
  const sliceLabels = Array.from({ length: size }, (_, i) => labels[begin + i]);
  const present = [...new Set(sliceLabels)].sort((a, b) => a - b);

  const rgb = sliceLabels.flatMap((label, i) => {
    const colour = COLOUR_CYCLE[present.indexOf(label) % COLOUR_CYCLE.length];
    return colour.map((part) => gray[i] + overlayIntensity * part);
  });
  const brightest = rgb.reduce((most, value) => Math.max(most, value), 0) || 1;
  const pixels = Uint8Array.from(rgb, (value) => Math.floor(value / brightest * 255));
  return encode({ width, height, data: pixels, channels: 3, depth: 8 });
}

/**
 * The slice of the first axis that shows most of all classes: the mean of each class's share that
 * lies in the slice (spec 07/8, `select_slice_to_plot2`); 0 without foreground.
 */
export function sliceToPlot(labels: ArrayLike<number>, shape: readonly number[]): number {
  const [depth, height, width] = shape;
  const counts = new Map<number, Float64Array>();
  for (let i = 0; i < depth * height * width; i++) {
    const label = labels[i];
    if (label <= 0) continue;
    if (!counts.has(label)) counts.set(label, new Float64Array(depth));
    counts.get(label)![Math.floor(i / (height * width))]++;
  }
  const score = new Float64Array(depth);
  // nnU-Net divides by a sum that also holds the shares of the classes before: kept, it can decide.
  let sharesBefore = 0;
  for (const label of [...counts.keys()].sort((a, b) => a - b)) {
    const perSlice = counts.get(label)!;
    const voxels = perSlice.reduce((sum, n) => sum + n, 0);
    perSlice.forEach((n, slice) => score[slice] += n / (voxels + sharesBefore));
    sharesBefore += voxels / (voxels + sharesBefore);
  }
  return score.reduce((best, value, slice) => value > score[best] ? slice : best, 0);
}

function minMaxScaled(values: number[]): number[] {
  const [min, max] = [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  const range = max - min || 1;
  return values.map((value) => (value - min) / range * 255);
}
