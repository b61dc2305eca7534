import type { Store } from "../store.ts";
import type { ImageProperties, MedicalImage } from "./image.ts";

/** A label map as integers. */
export type Labels = Uint8Array | Uint16Array | Int16Array | Int32Array | Uint32Array;

/** A reader and writer as nnU-Net's `BaseReaderWriter`; each has the name of nnU-Net's class. */
export interface ReaderWriter {
  /** Endings it is tried for, lower case, with the dot. */
  fileEndings: string[];
  /** Reads the files of one case as its channels. */
  readImages(store: Store, paths: string[]): Promise<MedicalImage>;
  /** Reads a segmentation; float32 like images. */
  readSeg(store: Store, path: string): Promise<MedicalImage>;
  /** Writes `labels` (`shape` is z, y, x) with the geometry that `properties` give. */
  writeSeg(
    store: Store,
    path: string,
    labels: Labels,
    shape: [number, number, number],
    properties: ImageProperties,
  ): Promise<void>;
}

/**
 * Labels in the type they are stored as: uint8 while the largest is at most `largestUint8`, else
 * uint16. nnU-Net stores 255 as uint16.
 */
export function asStoredLabels(labels: Labels, largestUint8 = 254): Uint8Array | Uint16Array {
  let largest = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] > largest) largest = labels[i];
  if (largest <= largestUint8) {
    return labels instanceof Uint8Array ? labels : Uint8Array.from(labels);
  }
  return labels instanceof Uint16Array ? labels : Uint16Array.from(labels);
}
