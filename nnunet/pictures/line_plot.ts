import type { Canvas, Colour, LineStyle } from "./canvas.ts";
import { type Point, textWidth } from "./stroke_font.ts";

/** One curve over the indices 0, 1, 2, …; values that are not finite leave a gap. */
export interface Series {
  label: string;
  values: readonly number[];
  style: LineStyle;
}

/** A vertical axis and the curves that belong to it. */
export interface ValueAxis {
  label: string;
  series: readonly Series[];
  /** Values that the axis shows in any case, beside those of the curves. */
  includes?: readonly number[];
}

/** A plot of curves over the same indices. */
export interface LinePlot {
  title: string;
  xLabel: string;
  left: ValueAxis;
  right?: ValueAxis;
}

/** A rectangle of whole pixels on the canvas. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const INK: Colour = [45, 52, 60];
const FAINT_INK: Colour = [100, 108, 116];
const GRID: Colour = [228, 231, 235];
const TEXT_SIZE = 13;
const MARGIN = { left: 105, right: 105, top: 62, bottom: 66 };

/** Draws a plot with axes, ticks, grid and legend into a part of the canvas. */
export function drawLinePlot(canvas: Canvas, box: Box, { title, xLabel, left, right }: LinePlot) {
  const area = {
    x: box.x + MARGIN.left,
    y: box.y + MARGIN.top,
    width: box.width - MARGIN.left - MARGIN.right,
    height: box.height - MARGIN.top - MARGIN.bottom,
  };
  const axes = right ? [left, right] : [left];
  const count = Math.max(...axes.flatMap(({ series }) => series.map((s) => s.values.length)));
  const toX = scale(0, Math.max(1, count - 1), area.x, area.x + area.width);

  canvas.drawText(title, area.x, box.y + 22, { colour: INK, size: 16, bold: true });
  drawIndexAxis(canvas, area, xLabel, count, toX);
  axes.forEach((axis, i) => {
    const onRight = i === 1;
    const ticks = axisTicks(axis, area.height);
    const toY = scale(ticks[0], ticks[ticks.length - 1], area.y + area.height, area.y);
    drawValueAxis(canvas, area, axis.label, ticks, toY, onRight);
    for (const { values, style } of axis.series) {
      for (const run of finiteRuns(values)) {
        canvas.drawLine(run.map(([index, value]): Point => [toX(index), toY(value)]), style);
        if (run.length === 1) {
          const [[index, value]] = run;
          canvas.drawLine([[toX(index), toY(value)]], { colour: style.colour, width: 7 });
        }
      }
    }
  });
  drawFrame(canvas, area);
  drawLegend(canvas, area, box.y + 22, axes.flatMap(({ series }) => series));
}

/**
 * Round numbers (1, 2 or 5 times a power of ten apart) from at or below `from` to at or above `to`,
 * about `wanted` of them.
 *
 * @throws RangeError where the limits are not finite or in the wrong order
 */
export function niceTicks(from: number, to: number, wanted: number): number[] {
  if (!(Number.isFinite(from) && Number.isFinite(to) && from <= to)) {
    throw new RangeError(`Cannot place ticks from ${from} to ${to}: not a range`);
  }
  const size = Math.max(Math.abs(from), Math.abs(to));
  const distinct = to - from > Math.max(1e-9 * size, 1e-100);
  const span = distinct ? to - from : size > 1e-100 ? size : 1;
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * power)
    .find((candidate) => span / candidate <= wanted)!;
  const first = Math.floor(from / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(to / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

function axisTicks({ series, includes = [] }: ValueAxis, height: number): number[] {
  const values = [...includes, ...series.flatMap((s) => s.values.filter(Number.isFinite))];
  if (values.length === 0) return niceTicks(0, 1, 5);
  const lowest = values.reduce((a, b) => Math.min(a, b));
  const highest = values.reduce((a, b) => Math.max(a, b));
  return niceTicks(lowest, highest, Math.max(3, Math.floor(height / 55)));
}

function drawIndexAxis(
  canvas: Canvas,
  area: Box,
  label: string,
  count: number,
  toX: (index: number) => number,
): void {
  const bottom = area.y + area.height;
  const last = Math.max(1, count - 1);
  for (const index of niceTicks(0, last, 10)) {
    if (!Number.isInteger(index) || index > last) continue;
    const x = Math.round(toX(index)) + 0.5;
    canvas.drawLine([[x, area.y], [x, bottom]], { colour: GRID });
    const style = { colour: FAINT_INK, size: TEXT_SIZE, align: "centre" } as const;
    canvas.drawText(String(index), x, bottom + 9, style);
  }
  const style = { colour: INK, size: TEXT_SIZE, align: "centre" } as const;
  canvas.drawText(label, area.x + area.width / 2, bottom + 34, style);
}

function drawValueAxis(
  canvas: Canvas,
  area: Box,
  label: string,
  ticks: readonly number[],
  toY: (value: number) => number,
  onRight: boolean,
): void {
  const side = onRight ? area.x + area.width : area.x;
  const outwards = onRight ? 1 : -1;
  for (const tick of ticks) {
    const y = Math.round(toY(tick)) + 0.5;
    if (!onRight) canvas.drawLine([[area.x, y], [area.x + area.width, y]], { colour: GRID });
    canvas.drawText(tickText(tick, ticks), side + outwards * 9, y - TEXT_SIZE / 2, {
      colour: FAINT_INK,
      size: TEXT_SIZE,
      align: onRight ? "left" : "right",
    });
  }
  const x = side + outwards * 76 - TEXT_SIZE / 2;
  const style = { colour: INK, size: TEXT_SIZE, align: "centre", upwards: true } as const;
  canvas.drawText(label, x, area.y + area.height / 2, style);
}

function drawFrame(canvas: Canvas, { x, y, width, height }: Box): void {
  const [left, top, right, bottom] = [x + 0.5, y + 0.5, x + width + 0.5, y + height + 0.5];
  const corners: Point[] = [[left, top], [right, top], [right, bottom], [left, bottom], [
    left,
    top,
  ]];
  canvas.drawLine(corners, { colour: FAINT_INK });
}

/** A line with a sample of each curve, above the plot and flush with its right side. */
function drawLegend(canvas: Canvas, area: Box, y: number, series: readonly Series[]): void {
  const sample = 34;
  let x = area.x + area.width;
  for (const { label, style } of [...series].reverse()) {
    canvas.drawText(label, x, y + 2, { colour: INK, size: TEXT_SIZE, align: "right" });
    x -= textWidth(label, TEXT_SIZE) + 10;
    canvas.drawLine([[x - sample, y + 9], [x, y + 9]], style);
    x -= sample + 26;
  }
}

/** As many decimals as the distance of the ticks needs; powers of ten for the very small. */
function tickText(value: number, ticks: readonly number[]): string {
  const step = ticks[1] - ticks[0];
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (decimals > 5) return value === 0 ? "0" : value.toExponential(1);
  return value.toFixed(decimals).replace(/^-(0(\.0*)?)$/, "$1");
}

/** Runs of neighbouring finite values as (index, value). */
function finiteRuns(values: readonly number[]): [number, number][][] {
  const runs: [number, number][][] = [];
  let open = false;
  values.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      open = false;
      return;
    }
    if (!open) runs.push([]);
    open = true;
    runs[runs.length - 1].push([index, value]);
  });
  return runs;
}

function scale(from: number, to: number, pixelFrom: number, pixelTo: number) {
  return (value: number) => pixelFrom + (value - from) / (to - from) * (pixelTo - pixelFrom);
}
