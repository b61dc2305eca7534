import { encode } from "fast-png";
import { type Point, textStrokes, textWidth } from "./stroke_font.ts";

/** Red, green, blue, each 0 … 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** How a line is drawn. */
export interface LineStyle {
  colour: Colour;
  /** Pixels. @default 1 */
  width?: number;
  /** Lengths in pixels of a piece that is drawn and of the gap after it. */
  dash?: readonly [on: number, off: number];
}

/** How text is drawn. */
export interface TextStyle {
  colour: Colour;
  /** Height of the capitals in pixels. */
  size: number;
  /** Where `x` lies in the line of text. @default "left" */
  align?: "left" | "centre" | "right";
  bold?: boolean;
  /** Turned by 90°, read from bottom to top. */
  upwards?: boolean;
}

/** A picture one draws on: RGB pixels, x to the right, y down, positions in (parts of) pixels. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]`. */
  readonly pixels: Uint8Array;

  /** @throws RangeError where the size is not two positive whole numbers */
  constructor(width: number, height: number, background: Colour) {
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
      throw new RangeError(
        `Cannot make a canvas of ${width} × ${height}: both must be whole and positive`,
      );
    }
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * 3);
    this.fillRectangle(0, 0, width, height, background);
  }

  /** Fills whole pixels; what lies outside the canvas is left out. */
  fillRectangle(x: number, y: number, width: number, height: number, colour: Colour): void {
    const [left, right] = [Math.max(0, x), Math.min(this.width, x + width)];
    if (right <= left) return;
    const line = new Uint8Array((right - left) * 3);
    for (let i = 0; i < line.length; i++) line[i] = colour[i % 3];
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      this.pixels.set(line, (row * this.width + left) * 3);
    }
  }

  /** Copies an RGB image `[height, width, 3]` to the place whose top left pixel is (x, y). */
  drawImage(
    image: { width: number; height: number; pixels: Uint8Array },
    x: number,
    y: number,
  ): void {
    const columns = Math.min(image.width, this.width - x);
    for (let row = 0; row < Math.min(image.height, this.height - y); row++) {
      const begin = row * image.width * 3;
      const line = image.pixels.subarray(begin, begin + columns * 3);
      this.pixels.set(line, ((y + row) * this.width + x) * 3);
    }
  }

  /** A line through the points with smooth edges and round ends; one point gives a dot. */
  drawLine(points: readonly Point[], { colour, width = 1, dash }: LineStyle): void {
    this.#stroke(dash ? cutIntoDashes(points, dash) : [points], width, colour);
  }

  /** One line of text; (x, y) is where the capitals' top meets the side that `align` names. */
  drawText(text: string, x: number, y: number, style: TextStyle): void {
    const share = { left: 0, centre: 0.5, right: 1 }[style.align ?? "left"];
    const shift = share * textWidth(text, style.size);
    const strokes = textStrokes(text, style.size).map((stroke) =>
      stroke.map(([dx, dy]): Point =>
        style.upwards ? [x + dy, y - dx + shift] : [x + dx - shift, y + dy]
      )
    );
    this.#stroke(strokes, style.size * (style.bold ? 0.17 : 0.115), style.colour);
  }

  /** The picture as the bytes of a PNG file. */
  toPng(): Uint8Array {
    const { width, height, pixels } = this;
    return encode({ width, height, data: pixels, channels: 3, depth: 8 });
  }

  /**
   * Draws polylines as one stroke: the coverage of a pixel is that of the nearest piece, so that
   * joints and crossings are not darker than the rest.
   */
  #stroke(lines: readonly (readonly Point[])[], width: number, colour: Colour): void {
    const reach = width / 2 + 0.5;
    const box = this.#boundingBox(lines.flat(), reach);
    if (box.right <= box.left || box.bottom <= box.top) return;
    const columns = box.right - box.left;
    const coverage = new Float32Array(columns * (box.bottom - box.top));
    for (const line of lines) {
      for (let i = 0; i < Math.max(1, line.length - 1); i++) {
        const [from, to] = [line[i], line[Math.min(i + 1, line.length - 1)]];
        const around = this.#boundingBox([from, to], reach);
        for (let y = around.top; y < around.bottom; y++) {
          for (let x = around.left; x < around.right; x++) {
            const share = Math.min(1, reach - distanceToPiece(x + 0.5, y + 0.5, from, to));
            const at = (y - box.top) * columns + x - box.left;
            if (share > coverage[at]) coverage[at] = share;
          }
        }
      }
    }
    coverage.forEach((share, i) => {
      if (share === 0) return;
      const x = box.left + i % columns;
      const y = box.top + Math.floor(i / columns);
      this.#blend((y * this.width + x) * 3, colour, share);
    });
  }

  #blend(at: number, colour: Colour, share: number): void {
    for (let c = 0; c < 3; c++) {
      this.pixels[at + c] = Math.round(this.pixels[at + c] * (1 - share) + colour[c] * share);
    }
  }

  /** Whole pixels within `reach` of the points, cut to the canvas; empty without points. */
  #boundingBox(points: readonly Point[], reach: number) {
    const box = { left: this.width, right: 0, top: this.height, bottom: 0 };
    for (const [x, y] of points) {
      box.left = Math.min(box.left, Math.max(0, Math.floor(x - reach)));
      box.right = Math.max(box.right, Math.min(this.width, Math.ceil(x + reach)));
      box.top = Math.min(box.top, Math.max(0, Math.floor(y - reach)));
      box.bottom = Math.max(box.bottom, Math.min(this.height, Math.ceil(y + reach)));
    }
    return box;
  }
}

function distanceToPiece(x: number, y: number, [x0, y0]: Point, [x1, y1]: Point): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : ((x - x0) * dx + (y - y0) * dy) / squared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}

function cutIntoDashes(points: readonly Point[], [on, off]: readonly [number, number]): Point[][] {
  const dashes: Point[][] = [[points[0]]];
  let drawing = true;
  let left = on;
  for (let i = 1; i < points.length; i++) {
    let [x, y] = points[i - 1];
    const [endX, endY] = points[i];
    let length = Math.hypot(endX - x, endY - y);
    while (length > left) {
      x += (endX - x) * left / length;
      y += (endY - y) * left / length;
      length -= left;
      if (drawing) dashes[dashes.length - 1].push([x, y]);
      else dashes.push([[x, y]]);
      drawing = !drawing;
      left = drawing ? on : off;
    }
    left -= length;
    if (drawing) dashes[dashes.length - 1].push([endX, endY]);
  }
  return dashes;
}
