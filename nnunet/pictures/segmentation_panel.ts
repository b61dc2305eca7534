import { percentile } from "../numerics/percentile.ts";
import { Canvas, type Colour } from "./canvas.ts";
import { type Geometry, type Plane, planeWithMostForeground } from "./plane.ts";
import { textWidth } from "./stroke_font.ts";

/** Label maps to be shown over one scan. */
export interface SegmentationPanel extends Geometry {
  title: string;
  /** One channel, `[z, y, x]`. */
  scan: Float32Array;
  /** What is shown beside the plain scan, e.g. truth and prediction, each `[z, y, x]`. */
  overlays: readonly { title: string; labels: ArrayLike<number> }[];
  /** Names by label value; the legend holds those that the slice shows. */
  labelNames: ReadonlyMap<number, string>;
}

/** Pixels of the longer side of the picture of a slice. */
const SLICE_SIZE = 420;
const MARGIN = 28;
const HEADER = 96;
const FOOTER = 50;

const BACKGROUND: Colour = [20, 22, 27];
const LIGHT: Colour = [236, 238, 241];
const DIMMED: Colour = [166, 172, 180];
const FILL_OPACITY = 0.38;

/** Label 1, 2, … in this order, from the start again when they run out. */
const LABEL_COLOURS: readonly Colour[] = [
  [255, 94, 91],
  [64, 184, 255],
  [255, 210, 63],
  [108, 214, 105],
  [190, 130, 255],
  [255, 153, 64],
  [60, 214, 200],
  [255, 130, 190],
];

/**
 * A scan and its segmentations side by side: the slice with most foreground (of the first overlay
 * that has any), upright and in its physical proportions, labels in colour, with a legend.
 *
 * @returns the bytes of the PNG file
 */
export function segmentationPanelPng(panel: SegmentationPanel): Uint8Array {
  const { title, scan, overlays } = panel;
  const shown = overlays.find(({ labels }) => hasForeground(labels));
  const plane = planeWithMostForeground(shown?.labels ?? [], panel);
  const zoom = SLICE_SIZE /
    Math.max(plane.rows * plane.rowSpacing, plane.columns * plane.columnSpacing);
  const width = Math.max(1, Math.round(plane.columns * plane.columnSpacing * zoom));
  const height = Math.max(1, Math.round(plane.rows * plane.rowSpacing * zoom));

  const pictures = [{ title: "scan", labels: undefined }, ...overlays];
  const cell = Math.max(
    width,
    ...pictures.map((picture) => Math.ceil(textWidth(picture.title, 13))),
  );
  const total = Math.max(
    MARGIN + pictures.length * (cell + MARGIN),
    2 * MARGIN + Math.ceil(textWidth(title, 17)),
  );
  const legend = layOutLegend(labelsInPlane(panel, plane), total - 2 * MARGIN);
  const canvas = new Canvas(total, HEADER + height + FOOTER + legend.height, BACKGROUND);
  canvas.drawText(title, MARGIN, 26, { colour: LIGHT, size: 17, bold: true });

  const gray = grayLevels(scan, plane);
  pictures.forEach((picture, i) => {
    const x = MARGIN + i * (cell + MARGIN);
    canvas.drawText(picture.title, x, HEADER - 28, { colour: DIMMED, size: 13 });
    const pixels = renderSlice(gray, plane, width, height, picture.labels);
    canvas.drawImage({ width, height, pixels }, x, HEADER);
  });
  drawLegend(canvas, HEADER + height + FOOTER / 2, legend);
  return canvas.toPng();
}

function colourOf(label: number): Colour {
  return LABEL_COLOURS[(label - 1) % LABEL_COLOURS.length];
}

function hasForeground(labels: ArrayLike<number>): boolean {
  for (let i = 0; i < labels.length; i++) if (labels[i] > 0) return true;
  return false;
}

/** Gray values 0 … 255 of the slice, row by row; the darkest and brightest 0.5 % are cut off. */
function grayLevels(scan: Float32Array, plane: Plane): Float32Array {
  const values = new Float32Array(plane.rows * plane.columns);
  for (let row = 0; row < plane.rows; row++) {
    for (let column = 0; column < plane.columns; column++) {
      values[row * plane.columns + column] = scan[plane.voxelAt(row, column)];
    }
  }
  const [low, high] = [percentile(values, 0.5), percentile(values, 99.5)];
  const range = high - low || 1;
  return values.map((value) => Math.min(1, Math.max(0, (value - low) / range)) * 255);
}

/** The slice as RGB `[height, width, 3]`: gray values interpolated, labels as they are. */
function renderSlice(
  gray: Float32Array,
  plane: Plane,
  width: number,
  height: number,
  labels?: ArrayLike<number>,
): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  const labelAt = (x: number, y: number) => {
    const row = Math.floor(Math.min(height - 1, Math.max(0, y)) / height * plane.rows);
    const column = Math.floor(Math.min(width - 1, Math.max(0, x)) / width * plane.columns);
    return labels![plane.voxelAt(row, column)];
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = interpolate(
        gray,
        plane,
        (y + 0.5) / height * plane.rows - 0.5,
        (x + 0.5) / width * plane.columns - 0.5,
      );
      let colour: Colour = [level, level, level];
      const label = labels ? labelAt(x, y) : 0;
      if (label > 0) {
        const atEdge = [[-2, 0], [2, 0], [0, -2], [0, 2]]
          .some(([dx, dy]) => labelAt(x + dx, y + dy) !== label);
        const opacity = atEdge ? 1 : FILL_OPACITY;
        const [r, g, b] = colourOf(label).map((part) => level + (part - level) * opacity);
        colour = [r, g, b];
      }
      pixels.set(colour, (y * width + x) * 3);
    }
  }
  return pixels;
}

function interpolate(gray: Float32Array, { rows, columns }: Plane, row: number, column: number) {
  const y = Math.min(rows - 1, Math.max(0, row));
  const x = Math.min(columns - 1, Math.max(0, column));
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [bottom, right] = [Math.min(rows - 1, top + 1), Math.min(columns - 1, left + 1)];
  const [v, u] = [y - top, x - left];
  const at = (r: number, c: number) => gray[r * columns + c];
  return (1 - v) * ((1 - u) * at(top, left) + u * at(top, right)) +
    v * ((1 - u) * at(bottom, left) + u * at(bottom, right));
}

const LEGEND_SIZE = 13;
const SWATCH = 14;
const SWATCH_GAP = 9;
const ENTRY_GAP = 30;
const LINE_HEIGHT = 28;

interface Legend {
  entries: { label: number; name: string; x: number; y: number }[];
  height: number;
}

/** Names of the labels that the slice shows, in the order of `labelNames`. */
function labelsInPlane({ overlays, labelNames }: SegmentationPanel, plane: Plane) {
  const present = new Set<number>();
  for (const { labels } of overlays) {
    for (let row = 0; row < plane.rows; row++) {
      for (let column = 0; column < plane.columns; column++) {
        present.add(labels[plane.voxelAt(row, column)]);
      }
    }
  }
  return [...labelNames].filter(([label]) => label > 0 && present.has(label));
}

/** Places the names in lines that are at most `width` pixels long. */
function layOutLegend(names: readonly (readonly [number, string])[], width: number): Legend {
  const entries: Legend["entries"] = [];
  let [x, y] = [0, 0];
  for (const [label, name] of names) {
    const length = SWATCH + SWATCH_GAP + textWidth(name, LEGEND_SIZE);
    if (x > 0 && x + length > width) [x, y] = [0, y + LINE_HEIGHT];
    entries.push({ label, name, x: Math.round(x), y });
    x += length + ENTRY_GAP;
  }
  return { entries, height: entries.length > 0 ? y + SWATCH : 0 };
}

function drawLegend(canvas: Canvas, top: number, { entries }: Legend): void {
  for (const { label, name, x, y } of entries) {
    canvas.fillRectangle(MARGIN + x, top + y, SWATCH, SWATCH, colourOf(label));
    const textX = MARGIN + x + SWATCH + SWATCH_GAP;
    canvas.drawText(name, textX, top + y + 1, { colour: LIGHT, size: LEGEND_SIZE });
  }
}
