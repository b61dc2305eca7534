import assert from "node:assert/strict";
import fc from "fast-check";
import { decode } from "fast-png";
import { Canvas, type Colour } from "../../../nnunet/pictures/canvas.ts";
import { niceTicks } from "../../../nnunet/pictures/line_plot.ts";
import { overlayPng, sliceToPlot } from "../../../nnunet/pictures/overlay.ts";
import { planeOf, planeWithMostForeground } from "../../../nnunet/pictures/plane.ts";
import { progressPng } from "../../../nnunet/pictures/progress_png.ts";
import { segmentationPanelPng } from "../../../nnunet/pictures/segmentation_panel.ts";
import { textWidth } from "../../../nnunet/pictures/stroke_font.ts";

const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];

function pixel(picture: Canvas, x: number, y: number): number[] {
  const at = (y * picture.width + x) * 3;
  return [...picture.pixels.subarray(at, at + 3)];
}

Deno.test("Canvas draws lines with full ink inside, none outside and half at the edge", () => {
  const canvas = new Canvas(20, 10, WHITE);
  canvas.drawLine([[2, 5], [18, 5]], { colour: BLACK, width: 3 });
  assert.deepEqual(pixel(canvas, 10, 4), [0, 0, 0]);
  assert.deepEqual(pixel(canvas, 10, 3), [128, 128, 128]);
  assert.deepEqual(pixel(canvas, 10, 1), [255, 255, 255]);
});

Deno.test("Canvas leaves gaps between dashes and clips what lies outside", () => {
  const canvas = new Canvas(40, 6, WHITE);
  canvas.drawLine([[-100, 3], [140, 3]], { colour: BLACK, width: 2, dash: [4, 10] });
  const dark = Array.from({ length: 40 }, (_, x) => pixel(canvas, x, 2)[0] < 128 ? 1 : 0);
  const runs = dark.join("").match(/1+/g)!;
  assert.ok(runs.length >= 2 && runs.length <= 4, dark.join(""));
  canvas.fillRectangle(-5, -5, 100, 100, BLACK);
  assert.ok(canvas.pixels.every((value) => value === 0));
});

Deno.test("Canvas keeps text within its measured width, whatever the letters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), (text) => {
      const width = Math.ceil(textWidth(text, 12)) + 8;
      const canvas = new Canvas(width, 30, WHITE);
      canvas.drawText(text, 4, 6, { colour: BLACK, size: 12 });
      for (let y = 0; y < 30; y++) {
        assert.deepEqual(pixel(canvas, 0, y), [255, 255, 255]);
        assert.deepEqual(pixel(canvas, width - 1, y), [255, 255, 255]);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test("Canvas refuses a size that is not whole and positive", () => {
  assert.throws(() => new Canvas(0, 5, WHITE), /0 × 5/);
  assert.throws(() => new Canvas(2.5, 5, WHITE), RangeError);
});

Deno.test("niceTicks() encloses the range with few, evenly spaced round numbers", () => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(fc.property(value, value, fc.integer({ min: 3, max: 12 }), (a, b, wanted) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const ticks = niceTicks(from, to, wanted);
    const step = ticks[1] - ticks[0];
    assert.ok(ticks.length >= 2 && ticks.length <= wanted + 2, `${ticks}`);
    assert.ok(ticks[0] <= from + 1e-6 * step && ticks.at(-1)! >= to - 1e-6 * step, `${ticks}`);
  }));
  assert.deepEqual(niceTicks(0, 1, 5), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
});

Deno.test("progressPng() draws any number of epochs, with gaps where values are NaN", () => {
  for (const epochs of [0, 1, 2, 30]) {
    const log = (value: number) => Array.from({ length: epochs }, (_, i) => value - i / 50);
    const dice = log(0.9).map((value, i) => i === 5 ? NaN : value);
    const png = progressPng({
      train_losses: log(1),
      val_losses: [...log(0.8), 3],
      mean_fg_dice: dice,
      ema_fg_dice: dice,
      lrs: log(0.01),
      epoch_start_timestamps: log(1000),
      epoch_end_timestamps: log(1040),
    });
    const { width, height, channels, data } = decode(png);
    assert.deepEqual([width, height, channels], [1400, 1440, 3]);
    assert.equal(new Set(data).size > 50, true);
  }
});

Deno.test("planeOf() shows the patient's front and head up and the right side on the left", () => {
  const shape = [3, 4, 5];
  const spacing = [1, 1, 1];
  const lps = { shape, spacing, direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
  const ras = { shape, spacing, direction: [-1, 0, 0, 0, -1, 0, 0, 0, 1] };
  assert.equal(planeOf(lps, 0, 1).voxelAt(0, 0), 20);
  assert.equal(planeOf(ras, 0, 1).voxelAt(0, 0), 39);
  assert.equal(planeOf(lps, 1, 0).voxelAt(0, 0), 40, "the head is the last slice, it comes first");
  assert.equal(planeOf({ shape, spacing }, 1, 0).voxelAt(0, 0), 0);
});

Deno.test("planeWithMostForeground() looks across the coarsest axis only", () => {
  const shape = [2, 3, 4];
  const labels = new Uint8Array(24);
  labels.set([1, 1, 1], 16);
  labels[0] = 1;
  const thick = planeWithMostForeground(labels, { shape, spacing: [5, 1, 1] });
  assert.deepEqual([thick.rows, thick.columns, thick.voxelAt(0, 0)], [3, 4, 12]);
  const sagittal = planeWithMostForeground(labels, { shape, spacing: [1, 1, 5] });
  assert.deepEqual([sagittal.rows, sagittal.columns, sagittal.voxelAt(0, 0)], [2, 3, 0]);
});

Deno.test("segmentationPanelPng() keeps physical proportions, with and without foreground", () => {
  const shape = [4, 10, 20];
  const scan = Float32Array.from({ length: 800 }, (_, i) => i % 17);
  const labels = Uint8Array.from(scan, (value, i) => i > 400 && value > 12 ? 2 : 0);
  for (const map of [labels, new Uint8Array(800)]) {
    const { width, height } = decode(segmentationPanelPng({
      title: "case_1",
      scan,
      shape,
      spacing: [4, 2, 0.5],
      overlays: [{ title: "truth", labels: map }],
      labelNames: new Map([[0, "background"], [2, "tumour"]]),
    }));
    // 20 mm × 10 mm become 210 × 420 pixels, twice, with three margins of 28.
    assert.equal(width, 2 * 210 + 3 * 28);
    assert.ok(height > 420);
  }
});

Deno.test("overlayPng() colours the slice that holds most of all classes (spec 07/8)", () => {
  const shape = [3, 1, 4];
  const labels = [0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 2, 2];
  assert.equal(sliceToPlot(labels, shape), 2);
  assert.equal(sliceToPlot(new Uint8Array(12), shape), 0);
  const scan = Float32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 20]);
  const { width, height, data } = decode(overlayPng(scan, labels, shape));
  assert.deepEqual([width, height], [4, 1]);
  // Labels 0, 1, 2 get black, 4363d8, f58231; the brightest value, 255 + 0.6 · f5, becomes 255.
  const expected = [
    [127.5 + 0.6 * 0x43, 127.5 + 0.6 * 0x63, 127.5 + 0.6 * 0xd8],
    [0, 0, 0],
    [0.6 * 0xf5, 0.6 * 0x82, 0.6 * 0x31],
    [255 + 0.6 * 0xf5, 255 + 0.6 * 0x82, 255 + 0.6 * 0x31],
  ].flat().map((value) => Math.floor(value / (255 + 0.6 * 0xf5) * 255));
  assert.deepEqual([...data], expected);
});
