import type { DatasetJson } from "../dataset.ts";
import { LabelManager } from "../labels.ts";
import { RandomState } from "../numerics/random_state.ts";
import { orderedEntries } from "../python_json.ts";

/** A label, or the labels of a region. */
export type LabelKey = number | readonly number[];

/** What `dataset.json` says of the labels. */
export type LabelDeclaration = Pick<DatasetJson, "labels" | "regions_class_order">;

/** Places of one label or region, for patches that must hold foreground. */
export interface ClassLocations {
  key: LabelKey;
  /** Four numbers a place: 0 and the voxel's three indices. Empty when the key does not occur. */
  coordinates: Int32Array;
}

const MIN_LOCATIONS = 10_000;
const MIN_SHARE = 0.01;
const SEED = 1234;

/**
 * What nnU-Net samples: each region (or, without regions, each label) of the foreground, and with an
 * ignore label the voxels of all other labels together with those outside the non-zero region.
 */
export function classLocationKeys(dataset: LabelDeclaration): LabelKey[] {
  const manager = new LabelManager(dataset);
  const keys: LabelKey[] = manager.hasRegions
    ? orderedEntries(dataset.labels)
      .filter(([name, value]) => name !== "ignore" && [value].flat().some((label) => label !== 0))
      .map(([, value]) => value)
    : [...manager.foregroundLabels];
  if (manager.ignoreLabel !== undefined) keys.push([-1, ...manager.allLabels]);
  return keys;
}

/**
 * Draws, for each key, some of the voxels that carry one of its labels: all up to 10 000, 1 % beyond
 * 10⁶, the same voxels as nnU-Net draws with NumPy's `RandomState(1234)`.
 *
 * Source: nnU-Net `DefaultPreprocessor._sample_foreground_locations`, specification 03 section 5.
 *
 * @param seg `[x, y, z]` or `[1, x, y, z]`, last axis fastest
 * @param shape `[x, y, z]`
 */
export function sampleClassLocations(
  seg: Int16Array | Int8Array,
  [, height, width]: readonly [number, number, number],
  keys: readonly LabelKey[],
): ClassLocations[] {
  const voxelsOfLabel = voxelsByLabel(seg, new Set(keys.flat()));
  const random = new RandomState(SEED);
  return keys.map((key) => {
    const voxels = concatenate([key].flat().map((label) => voxelsOfLabel.get(label)!));
    const total = voxels.length;
    if (total === 0) return { key, coordinates: new Int32Array() };
    random.shuffle(voxels);
    const count = Math.max(Math.min(MIN_LOCATIONS, total), Math.ceil(total * MIN_SHARE));
    const coordinates = new Int32Array(4 * count);
    for (let i = 0; i < count; i++) {
      coordinates[4 * i + 1] = Math.floor(voxels[i] / (height * width));
      coordinates[4 * i + 2] = Math.floor(voxels[i] / width) % height;
      coordinates[4 * i + 3] = voxels[i] % width;
    }
    return { key, coordinates };
  });
}

/** Indices of the voxels of each wanted label, ascending. */
function voxelsByLabel(
  seg: Int16Array | Int8Array,
  wanted: Set<number>,
): Map<number, Uint32Array> {
  const LABELS = 1 << 16;
  const counts = new Uint32Array(LABELS);
  for (let i = 0; i < seg.length; i++) counts[seg[i] & (LABELS - 1)]++;
  const blocks: (Uint32Array | undefined)[] = new Array(LABELS);
  for (const label of wanted) {
    blocks[label & (LABELS - 1)] = new Uint32Array(counts[label & (LABELS - 1)]);
  }
  const filled = new Uint32Array(LABELS);
  for (let i = 0; i < seg.length; i++) {
    const label = seg[i] & (LABELS - 1);
    const block = blocks[label];
    if (block !== undefined) block[filled[label]++] = i;
  }
  return new Map([...wanted].map((label) => [label, blocks[label & (LABELS - 1)]!]));
}

function concatenate(blocks: Uint32Array[]): Uint32Array {
  const joined = new Uint32Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let to = 0;
  for (const block of blocks) {
    joined.set(block, to);
    to += block.length;
  }
  return joined;
}
