import { Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { type ReaderName, writeSeg } from "../imageio/mod.ts";
import { type StoredValue, writeStoredLabels } from "../label_values.ts";
import { bytesOf, type NdArray } from "../ndarray.ts";
import { npyHeader } from "../npy.ts";
import { writeCaseProperties } from "../preprocessing/case_properties.ts";
import type { CaseProperties } from "../preprocessing/preprocess_case.ts";
import type { Store } from "../store.ts";
import type { Segmentation, SegmentationWithProbabilities } from "./export.ts";

/** Where a prediction goes: `folder/case` without ending, and how its label map is written. */
export interface PredictionFile {
  path: string;
  /** With the dot, e.g. `.nii.gz`. */
  fileEnding: string;
  reader: ReaderName;
  /** What to write for each label, where that is not the label itself (`labelValuesOf`). */
  labelValues?: Map<number, StoredValue>;
}

/**
 * Writes the label map of a case and, where the segmentation has them, its probabilities as `.npz`
 * with the properties as `.pkl` (spec 06/6). The label map comes last: where it is, all is.
 *
 * @throws {DataError} where the properties are those of another kind of image
 */
export async function writePrediction(
  store: Store,
  { path, fileEnding, reader, labelValues }: PredictionFile,
  segmentation: Segmentation | SegmentationWithProbabilities,
  properties: CaseProperties,
): Promise<void> {
  const { labels, shape } = segmentation;
  if ("probabilities" in segmentation) {
    const { probabilities } = segmentation;
    const heads = probabilities.length / labels.length;
    const array: NdArray = {
      dtype: "f4",
      shape: [heads, ...shape],
      data: probabilities as Float32Array<ArrayBuffer>,
    };
    await store.write(`${path}.npz`, await compressedNpz("probabilities", array));
    await store.write(`${path}.pkl`, writeCaseProperties(properties));
  }
  const file = path + fileEnding;
  if (!labelValues) await writeSeg(store, reader, file, labels, shape, properties);
  else {
    const target = { path: file, reader, shape, properties };
    await writeStoredLabels(store, target, labels, labelValues);
  }
}

/** One array as `numpy.savez_compressed` stores it; equal arrays give equal bytes. */
async function compressedNpz(name: string, array: NdArray): Promise<Uint8Array> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    useWebWorkers: false,
    extendedTimestamp: false,
    lastModDate: new Date(1980, 0, 1),
  });
  const parts = [npyHeader(array), bytesOf(array)] as Uint8Array<ArrayBuffer>[];
  await zip.add(`${name}.npy`, { readable: new Blob(parts).stream() });
  return await zip.close();
}
