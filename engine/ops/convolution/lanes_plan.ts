import type { Transform } from "./lanes_weights.ts";

/** The shape of a lane's work. */
export interface LanePlan {
  transform: Transform;
  /** Outputs along x. */
  tile: number;
  /** Rows of outputs. */
  rows: number;
  /** Output channels. */
  out: number;
}

/** Plans with the measured time for one output of each relative to the others of its list. */
type Candidates = readonly (LanePlan & { cost: number })[];

function plan(transform: Transform, tile: number, rows: number, out: number, cost: number) {
  return { transform, tile, rows, out, cost };
}

/** Three taps, stride 1 everywhere. */
const WINOGRAD: Candidates = [
  plan("f43", 20, 1, 16, 1),
  plan("f23", 10, 1, 32, 1.02),
  plan("f43", 8, 1, 32, 1.08),
  plan("f23", 6, 1, 32, 1.3),
  plan("plain", 5, 1, 32, 1.45),
  plan("f23", 10, 1, 16, 1.18),
  plan("f23", 6, 1, 16, 1.5),
  plan("f43", 4, 4, 8, 1.3),
  plan("f23", 10, 1, 8, 1.6),
  plan("f23", 6, 1, 8, 1.8),
];

const DIRECT: Candidates = [
  plan("plain", 5, 1, 32, 1),
  plan("plain", 10, 1, 16, 1.08),
  plan("plain", 5, 1, 16, 1.12),
  plan("plain", 10, 1, 8, 1.5),
  plan("plain", 5, 1, 8, 1.6),
  plan("plain", 8, 1, 4, 2),
];

/** Fewer taps reuse what they load less: larger tiles. */
const DIRECT_NARROW: Candidates = [plan("plain", 10, 1, 32, 0.92), ...DIRECT];

/** Tiles are multiples of the stride. */
const TRANSPOSED: Candidates = [
  plan("plain", 20, 1, 16, 1),
  plan("plain", 10, 1, 32, 1.03),
  plan("plain", 8, 1, 32, 1.1),
  plan("plain", 8, 1, 16, 1.3),
  plan("plain", 20, 1, 8, 1.25),
  plan("plain", 8, 1, 8, 1.6),
  plan("plain", 8, 1, 4, 2.2),
];

/** The cheapest plan, counting outputs that tiles compute beyond the edges. */
export function planLanes(
  { kernel, stride, transposed, outChannels, width, height }: {
    kernel: readonly [number, number, number];
    stride: readonly [number, number, number];
    transposed: boolean;
    outChannels: number;
    width: number;
    height: number;
  },
): LanePlan {
  const winograd = kernel[2] === 3 && stride.every((step) => step === 1);
  const direct = kernel[2] === 3 ? DIRECT : DIRECT_NARROW;
  const candidates = winograd ? WINOGRAD : transposed ? TRANSPOSED : direct;
  const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;
  const costs = candidates.map(({ tile, rows, out, cost }) =>
    cost * roundUp(width, tile) * roundUp(height, rows) * roundUp(outChannels, out)
  );
  return candidates[costs.indexOf(Math.min(...costs))]!;
}

/** Weight gradient of three taps along y and x, stride 1 everywhere. */
const WEIGHT_GRADIENT_WINOGRAD = [
  { transform: "f43", tile: 8, cost: 1 },
  { transform: "f23", tile: 10, cost: 1.05 },
  { transform: "f23", tile: 8, cost: 1.15 },
  { transform: "f23", tile: 6, cost: 1.25 },
] as const;

const WEIGHT_GRADIENT_DIRECT = [
  { transform: "plain", tile: 10, cost: 1 },
  { transform: "plain", tile: 8, cost: 1.06 },
  { transform: "plain", tile: 5, cost: 1.12 },
] as const;

/** The cheapest transform and tile for a weight gradient over maps of this width. */
export function planWeightGradient(
  winograd: boolean,
  width: number,
): { transform: Transform; tile: number } {
  const candidates = winograd ? WEIGHT_GRADIENT_WINOGRAD : WEIGHT_GRADIENT_DIRECT;
  const costs = candidates.map(({ tile, cost }) => cost * tile * Math.ceil(width / tile));
  return candidates[costs.indexOf(Math.min(...costs))]!;
}
