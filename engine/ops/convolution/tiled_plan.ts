/**
 * What tiles cost, from which the plans below choose. One unit is the time in which a multiprocessor of
 * four schedulers issues one multiply-add for each; see docs/performance.md for where the figures come
 * from. They rank tiles, they do not predict times.
 */
const COST = {
  /** Reading a vector of four from workgroup memory. */
  read: 8,
  /** Loading a vector from storage, bounds and index included, and writing it to workgroup memory. */
  stage: 40,
  /** Waiting for the others twice. */
  barriers: 60,
};

/** Workgroup memory that every WebGPU device has. */
const WORKGROUP_VECTORS = 16_384 / 16;
/** Floats that an invocation can sum in registers while two or more workgroups share a multiprocessor. */
const MOST_SUMS = 96;
/** Invocations that fill a large card. */
const ENOUGH_INVOCATIONS = 96 * 1024;
/** Slices of a weight gradient beyond which adding them up takes long. */
const MOST_WEIGHT_SLICES = 4096;
/** Tiles of a slice; an invocation must not loop more than 60,000 times. */
const MOST_SLICE_TILES = 4096;
const SUBGROUP = 32;

/** Values of the shader's constants, by name, and how the source's channels or voxels are split up. */
export interface TilePlan {
  constants: Record<string, number>;
  /** Workgroups of a slice. */
  groups: number;
  /** Parts of the sum that are computed side by side and added up afterwards. */
  slices: number;
}

/** What a gather's tiles depend on, see tiled.wgsl. */
export interface GatherExtents {
  n: number;
  grid: readonly [number, number, number];
  taps: readonly [number, number, number];
  step: readonly [number, number, number];
  phases: number;
  sourceBlocks: number;
  targetBlocks: number;
}

const GATHER_TILES = combinations({
  registers: [[1, 8], [2, 4], [1, 10], [2, 5], [1, 5], [1, 4]],
  REG_C: [1, 2],
  THREADS_C: [1, 2, 4, 8, 16],
  THREADS_D: [1, 2, 4, 8],
  THREADS_H: [1, 2, 4, 8],
  THREADS_W: [1, 2, 4],
  STAGED: [1, 2, 4],
}).map(({ registers: [REG_H, REG_W], ...tile }) => {
  const WORKGROUP_SIZE = tile.THREADS_C * tile.THREADS_D * tile.THREADS_H * tile.THREADS_W;
  return { REG_H, REG_W, ...tile, WORKGROUP_SIZE };
}).filter(({ WORKGROUP_SIZE, REG_C, REG_H, REG_W }) =>
  WORKGROUP_SIZE >= 2 * SUBGROUP && WORKGROUP_SIZE <= 256 && 4 * REG_C * REG_H * REG_W <= MOST_SUMS
);

/** The cheapest tiles for tiled.wgsl; the same for the same extents. */
export const planGather = remembered((extents: GatherExtents): TilePlan => {
  const { n, grid, taps, step, phases, sourceBlocks, targetBlocks } = extents;
  const [tapsD, TAPS_H, TAPS_W] = taps;
  const [, STEP_H, STEP_W] = step;
  let best: TilePlan | undefined;
  let leastCost = Infinity;
  for (const tile of GATHER_TILES) {
    const { REG_H, REG_W, REG_C, THREADS_C, THREADS_D, THREADS_H, THREADS_W, STAGED } = tile;
    if (STAGED > sourceBlocks) continue;
    const threads = tile.WORKGROUP_SIZE;
    const slabW = (REG_W * THREADS_W - 1) * STEP_W + TAPS_W;
    const slabH = (REG_H * THREADS_H - 1) * STEP_H + TAPS_H;
    const slab = STAGED * THREADS_D * slabH * slabW;
    const weights = STAGED * TAPS_H * TAPS_W * 4 * REG_C * THREADS_C;
    if (slab / slabW * (slabW | 1) + weights > WORKGROUP_VECTORS) continue;

    const groups = n * phases * Math.ceil(targetBlocks / (REG_C * THREADS_C)) *
      Math.ceil(grid[0] / THREADS_D) * Math.ceil(grid[1] / (REG_H * THREADS_H)) *
      Math.ceil(grid[2] / (REG_W * THREADS_W));
    const steps = Math.ceil(sourceBlocks / STAGED) * tapsD;
    const reads = REG_H * ((REG_W - 1) * STEP_W + TAPS_W) + TAPS_W * 4 * REG_C;
    const stepCost = STAGED * TAPS_H * (16 * TAPS_W * REG_H * REG_W * REG_C + COST.read * reads) +
      COST.stage * (slab + weights) / threads + COST.barriers;
    const wanted = Math.floor(ENOUGH_INVOCATIONS / (groups * threads));
    const sliceSteps = Math.ceil(steps / Math.max(1, Math.min(wanted, Math.floor(steps / 4))));
    const slices = Math.ceil(steps / sliceSteps);
    const summing = slices > 1 ? slices * n * targetBlocks * volume(grid) * phases * COST.stage : 0;
    const useful = n * phases * targetBlocks * volume(grid) / (REG_C * REG_H * REG_W);
    const busy = Math.min(1, slices * useful / ENOUGH_INVOCATIONS);
    const cost = (groups * threads * steps * stepCost + summing) / busy;
    if (cost >= leastCost) continue;
    leastCost = cost;
    best = { constants: { TAPS_H, TAPS_W, STEP_H, STEP_W, ...tile }, groups, slices };
  }
  return best!;
});

/** What a weight gradient's tiles depend on, see tiled_weight_gradient.wgsl. */
export interface WeightGradientExtents {
  n: number;
  output: readonly [number, number, number];
  taps: readonly [number, number, number];
  step: readonly [number, number, number];
  inBlocks: number;
  outBlocks: number;
}

const WEIGHT_GRADIENT_TILES = combinations({
  TILE_H: [1, 2, 4, 7, 8],
  TILE_W: [4, 5, 8, 10],
  REG_I: [1, 2],
  REG_O: [1, 2],
  THREADS_I: [1, 2, 4, 8, 16],
  THREADS_O: [1, 2, 4, 8, 16],
  THREADS_R: [1, 2, 4, 7, 8],
}).filter(({ TILE_H, THREADS_R }) => TILE_H % THREADS_R === 0);

/** The cheapest tiles for tiled_weight_gradient.wgsl; the same for the same extents. */
export const planWeightGradient = remembered((extents: WeightGradientExtents): TilePlan => {
  const { n, output, taps: [tapsD, TAPS_H, TAPS_W], step, inBlocks, outBlocks } = extents;
  const [, STEP_H, STEP_W] = step;
  let best: TilePlan | undefined;
  let leastCost = Infinity;
  for (const tile of WEIGHT_GRADIENT_TILES) {
    const { TILE_H, TILE_W, REG_I, REG_O, THREADS_I, THREADS_O, THREADS_R } = tile;
    const threads = TAPS_H * THREADS_I * THREADS_O * THREADS_R;
    if (threads > 256 || 16 * TAPS_W * REG_I * REG_O > MOST_SUMS) continue;
    const slabW = (TILE_W - 1) * STEP_W + TAPS_W;
    const slab = ((TILE_H - 1) * STEP_H + TAPS_H) * slabW;
    const rectangle = TILE_H * TILE_W;
    const tileI = REG_I * THREADS_I;
    const tileO = REG_O * THREADS_O;
    if (tileI * (slab | 1) + tileO * (rectangle | 1) > WORKGROUP_VECTORS) continue;

    const units = Math.ceil(inBlocks / tileI) * Math.ceil(outBlocks / tileO) * tapsD;
    const tiles = n * output[0] * Math.ceil(output[1] / TILE_H) * Math.ceil(output[2] / TILE_W);
    const rowCost = 16 * TILE_W * TAPS_W * REG_I * REG_O +
      COST.read * (REG_I * slabW + TILE_W * REG_O);
    const tileCost = TILE_H / THREADS_R * rowCost +
      COST.stage * (tileI * slab + tileO * rectangle) / threads + COST.barriers;
    const issued = Math.ceil(threads / SUBGROUP) * SUBGROUP;
    const wanted = Math.ceil(ENOUGH_INVOCATIONS / (units * issued));
    const most = Math.min(tiles, Math.floor(MOST_WEIGHT_SLICES / THREADS_R));
    const slices = Math.max(Math.min(wanted, most), Math.ceil(tiles / MOST_SLICE_TILES));
    const size = 4 * inBlocks * outBlocks * tapsD * TAPS_H * TAPS_W;
    const summing = slices * THREADS_R * size * COST.stage;
    const useful = inBlocks * outBlocks * tapsD * TAPS_H * THREADS_R / (REG_I * REG_O);
    const busy = Math.min(1, slices * useful / ENOUGH_INVOCATIONS);
    const cost = (units * tiles * issued * tileCost + summing) / busy;
    if (cost >= leastCost) continue;
    leastCost = cost;
    best = {
      constants: { TAPS_H, TAPS_W, STEP_H, STEP_W, ...tile, WORKGROUP_SIZE: threads },
      groups: units,
      slices: Math.ceil(tiles / Math.ceil(tiles / slices)),
    };
  }
  return best!;
});

/** `plan`, which looks at thousands of tiles, run once for each extents. */
function remembered<Extents>(plan: (extents: Extents) => TilePlan): (extents: Extents) => TilePlan {
  const plans = new Map<string, TilePlan>();
  return (extents) => {
    const key = JSON.stringify(extents);
    let known = plans.get(key);
    if (!known) plans.set(key, known = plan(extents));
    return known;
  };
}

type Choice<Lists> = {
  [Name in keyof Lists]: Lists[Name] extends readonly (infer Value)[] ? Value : never;
};

/** Every choice of one value from each list. */
function combinations<Lists extends Record<string, readonly unknown[]>>(
  lists: Lists,
): Choice<Lists>[] {
  let choices: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(lists)) {
    choices = choices.flatMap((choice) => values.map((value) => ({ ...choice, [name]: value })));
  }
  return choices as Choice<Lists>[];
}

function volume([d, h, w]: readonly [number, number, number]): number {
  return d * h * w;
}
