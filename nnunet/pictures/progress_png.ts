import { Canvas, type Colour } from "./canvas.ts";
import { drawLinePlot } from "./line_plot.ts";

/** What nnU-Net's logger keeps, one value an epoch (keys of the checkpoint's `logging`). */
export interface ProgressLog {
  train_losses: readonly number[];
  val_losses: readonly number[];
  mean_fg_dice: readonly number[];
  ema_fg_dice: readonly number[];
  lrs: readonly number[];
  /** Seconds since the epoch of Unix. */
  epoch_start_timestamps: readonly number[];
  epoch_end_timestamps: readonly number[];
}

const WIDTH = 1400;
const LOSS_HEIGHT = 640;
const OTHER_HEIGHT = 400;

const BLUE: Colour = [31, 90, 200];
const RED: Colour = [212, 47, 47];
const GREEN: Colour = [30, 140, 60];
const WHITE: Colour = [255, 255, 255];

/**
 * nnU-Net's `progress.png`: losses with the pseudo Dice on a second axis, epoch duration, learning
 * rate (spec 05/8, `plot_progress_png`). Only epochs that all lists hold are drawn.
 *
 * @returns the bytes of the PNG file
 */
export function progressPng(log: ProgressLog): Uint8Array {
  const epochs = Math.min(...Object.values(log).map((values) => values.length));
  const upTo = (values: readonly number[]) => values.slice(0, epochs);
  const durations = upTo(log.epoch_end_timestamps)
    .map((end, epoch) => end - log.epoch_start_timestamps[epoch]);

  const canvas = new Canvas(WIDTH, LOSS_HEIGHT + 2 * OTHER_HEIGHT, WHITE);
  drawLinePlot(canvas, { x: 0, y: 0, width: WIDTH, height: LOSS_HEIGHT }, {
    title: "Loss and pseudo Dice",
    xLabel: "epoch",
    left: {
      label: "loss",
      series: [
        { label: "loss_tr", values: upTo(log.train_losses), style: { colour: BLUE, width: 2.5 } },
        { label: "loss_val", values: upTo(log.val_losses), style: { colour: RED, width: 2.5 } },
      ],
    },
    right: {
      label: "pseudo dice",
      includes: [0, 1],
      series: [
        {
          label: "pseudo dice",
          values: upTo(log.mean_fg_dice),
          style: { colour: GREEN, width: 2.5, dash: [1, 6] },
        },
        {
          label: "pseudo dice (mov. avg.)",
          values: upTo(log.ema_fg_dice),
          style: { colour: GREEN, width: 2.5 },
        },
      ],
    },
  });
  drawLinePlot(canvas, { x: 0, y: LOSS_HEIGHT, width: WIDTH, height: OTHER_HEIGHT }, {
    title: "Epoch duration",
    xLabel: "epoch",
    left: {
      label: "time [s]",
      includes: [0],
      series: [
        { label: "epoch duration", values: durations, style: { colour: BLUE, width: 2.5 } },
      ],
    },
  });
  const lowest = LOSS_HEIGHT + OTHER_HEIGHT;
  drawLinePlot(canvas, { x: 0, y: lowest, width: WIDTH, height: OTHER_HEIGHT }, {
    title: "Learning rate",
    xLabel: "epoch",
    left: {
      label: "learning rate",
      includes: [0],
      series: [
        { label: "learning rate", values: upTo(log.lrs), style: { colour: BLUE, width: 2.5 } },
      ],
    },
  });
  return canvas.toPng();
}
