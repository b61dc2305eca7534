import type { DatasetJson } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { orderedEntries } from "./python_json.ts";

/**
 * What the labels of a dataset mean to network, loss, evaluation and export (nnU-Net's
 * `LabelManager`; spec 01, section 4.1).
 */
export class LabelManager {
  /** Whether the network predicts overlapping regions instead of exclusive labels. */
  readonly hasRegions: boolean;
  /** Value of voxels without annotation, if the dataset declares one. */
  readonly ignoreLabel: number | undefined;
  /** All values but the ignore label, ascending, with 0. */
  readonly allLabels: number[];
  /** `allLabels` without 0. */
  readonly foregroundLabels: number[];
  /** The label values of each region, in order of declaration; empty without regions. */
  readonly regions: number[][];
  /** The label to write for each of `regions`. */
  readonly regionsClassOrder: number[];
  /** Output channels of the network. */
  readonly numSegmentationHeads: number;

  /** @throws {DataError} when labels or class order contradict each other */
  constructor(
    { labels, regions_class_order }: Pick<DatasetJson, "labels" | "regions_class_order">,
  ) {
    const { background, ignore } = labels;
    if (background === undefined) {
      throw labelError(`no label is called "background"`, `give value 0 that name`);
    }
    if (background !== 0) {
      throw labelError(`"background" is ${JSON.stringify(background)}`, "it must be 0");
    }
    if (Array.isArray(ignore)) {
      throw labelError(`"ignore" is ${JSON.stringify(ignore)}`, "it must be one value");
    }
    const declared = orderedEntries(labels).filter(([name]) => name !== "ignore")
      .map(([, value]) => value);
    const values = new Set(declared.flat());
    this.allLabels = [...values].sort((a, b) => a - b);
    this.foregroundLabels = this.allLabels.filter((value) => value !== 0);
    this.ignoreLabel = ignore;
    const highest = this.allLabels.at(-1)!;
    if (ignore !== undefined && ignore !== highest + 1) {
      throw labelError(
        `"ignore" is ${ignore}, the highest other label ${highest}`,
        `the ignore label must be ${highest + 1}`,
      );
    }

    this.hasRegions = Object.values(labels).some((value) =>
      Array.isArray(value) && value.length > 1
    );
    const regions = declared.map((value) => [value].flat())
      .filter((region) => region.some((value) => value !== 0));
    if (this.hasRegions && !regions_class_order) {
      throw labelError(
        "there are regions but no regions_class_order",
        `add that key with ${regions.length} label values, one per region`,
      );
    }
    if (this.hasRegions && regions_class_order!.length !== regions.length) {
      throw labelError(
        `regions_class_order has ${
          regions_class_order!.length
        } values for ${regions.length} regions`,
        "it must have one per region",
      );
    }
    this.regions = this.hasRegions ? regions : [];
    this.regionsClassOrder = this.hasRegions ? regions_class_order! : [];
    this.numSegmentationHeads = this.hasRegions ? regions.length : this.allLabels.length;
  }

  /** What is evaluated: the regions, or each foreground label by itself. */
  get foregroundClasses(): number[][] {
    return this.hasRegions ? this.regions : this.foregroundLabels.map((label) => [label]);
  }

  /**
   * Turns logits into probabilities, in place: sigmoid with regions, else softmax over the heads.
   *
   * @param logits `[heads, ...]`
   */
  logitsToProbabilities(logits: Float32Array): Float32Array {
    if (this.hasRegions) {
      for (let i = 0; i < logits.length; i++) logits[i] = 1 / (1 + Math.exp(-logits[i]));
      return logits;
    }
    const heads = this.numSegmentationHeads;
    const voxels = this.#voxels(logits);
    for (let i = 0; i < voxels; i++) {
      let highest = -Infinity;
      for (let c = 0; c < heads; c++) highest = Math.max(highest, logits[c * voxels + i]);
      let sum = 0;
      for (let c = 0; c < heads; c++) sum += Math.exp(logits[c * voxels + i] - highest);
      for (let c = 0; c < heads; c++) {
        logits[c * voxels + i] = Math.exp(logits[c * voxels + i] - highest) / sum;
      }
    }
    return logits;
  }

  /**
   * Labels from probabilities: with regions, each writes its label where it is above one half, later
   * ones over earlier ones; else the label of the highest head, the first of equals.
   *
   * @param probabilities `[heads, ...]`
   * @returns one label a voxel, 16 bits wide only where labels need it
   */
  probabilitiesToLabels(probabilities: Float32Array): Uint8Array | Uint16Array {
    const voxels = this.#voxels(probabilities);
    const highest = Math.max(this.allLabels.at(-1)!, ...this.regionsClassOrder);
    const labels = highest < 256 ? new Uint8Array(voxels) : new Uint16Array(voxels);
    if (this.hasRegions) {
      this.regionsClassOrder.forEach((label, head) => {
        for (let i = 0; i < voxels; i++) {
          if (probabilities[head * voxels + i] > 0.5) labels[i] = label;
        }
      });
      return labels;
    }
    for (let i = 0; i < voxels; i++) {
      let best = 0;
      for (let c = 1; c < this.numSegmentationHeads; c++) {
        if (probabilities[c * voxels + i] > probabilities[best * voxels + i]) best = c;
      }
      labels[i] = best;
    }
    return labels;
  }

  #voxels(heads: Float32Array): number {
    const voxels = heads.length / this.numSegmentationHeads;
    if (!Number.isInteger(voxels)) {
      throw new TypeError(
        `Cannot use ${heads.length} values as ${this.numSegmentationHeads} heads: not a multiple`,
      );
    }
    return voxels;
  }
}

function labelError(what: string, wish: string): DataError {
  return new DataError(`Cannot use the labels of dataset.json: ${what}, ${wish}`);
}
