/**
 * Readers and writers of images, equal to nnU-Net's (`nnunetv2/imageio`, spec 01 section 4.2).
 */
import type { Store } from "../store.ts";
import type { ImageProperties, MedicalImage } from "./image.ts";
import type { Labels } from "./reader.ts";
import { type ReaderName, readerOf } from "./reader_choice.ts";

export type { ImageProperties, MedicalImage, NibabelStuff, SitkStuff } from "./image.ts";
export type { Labels } from "./reader.ts";
export {
  determineReader,
  type DetermineReaderOptions,
  isReaderName,
  type ReaderName,
} from "./reader_choice.ts";

/**
 * Reads the channel files of one case, in the order given.
 *
 * @throws {DataError} when a file is missing or damaged, or the channels do not fit together
 */
export async function readImages(
  store: Store,
  reader: ReaderName,
  paths: string[],
): Promise<MedicalImage> {
  return await readerOf(reader).readImages(store, paths);
}

/**
 * Reads a segmentation: float32 as nnU-Net does, shape `[1, z, y, x]`.
 *
 * @throws {DataError} when the file is missing or damaged
 */
export async function readSeg(
  store: Store,
  reader: ReaderName,
  path: string,
): Promise<MedicalImage> {
  return await readerOf(reader).readSeg(store, path);
}

/**
 * Writes a label map (x fastest; `shape` is z, y, x) with the geometry of the image it belongs to:
 * uint8 while the largest label is below 255, else uint16.
 *
 * @throws {DataError} when `properties` are those of another kind of image
 */
export async function writeSeg(
  store: Store,
  reader: ReaderName,
  path: string,
  labels: Labels,
  shape: [number, number, number],
  properties: ImageProperties,
): Promise<void> {
  await readerOf(reader).writeSeg(store, path, labels, shape, properties);
}
