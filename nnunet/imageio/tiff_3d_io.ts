import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import { type Channel, joinChannels } from "./channels.ts";
import { unsupported } from "./damaged.ts";
import { fileSize } from "./file_size.ts";
import { asStoredLabels, type ReaderWriter } from "./reader.ts";
import { readTiff, writeTiff } from "./tiff.ts";
import { toFloat32 } from "./voxels.ts";

/** Length of the channel suffix `_0000`. */
const SUFFIX = 5;

/**
 * nnU-Net's `Tiff3DIO`: TIFF volumes; the spacing stands in a JSON file beside them, named as the
 * case, and is 1, 1, 1 without one.
 */
export const tiff3dIo: ReaderWriter = {
  fileEndings: [".tif", ".tiff"],

  async readImages(store, paths) {
    const spacing = await readSpacing(store, withoutEnding(paths[0]).slice(0, -SUFFIX) + ".json");
    return joinChannels(await readVolumes(store, paths, spacing));
  },

  async readSeg(store, path) {
    const sidecar = withoutEnding(path) + ".json";
    const spacing = await readSpacing(store, sidecar);
    if (!spacing.every((s) => s > 0)) {
      throw new DataError(
        `Cannot read "${path}": the spacing [${spacing.join(", ")}] of "${sidecar}" must be ` +
          `greater than 0, correct it`,
      );
    }
    return joinChannels(await readVolumes(store, [path], spacing));
  },

  async writeSeg(store, path, labels, shape, { spacing }) {
    if (!spacing.every((s) => s > 0)) {
      throw new DataError(
        `Cannot write "${path}": the spacing [${spacing.join(", ")}] must be greater than 0, ` +
          `correct the JSON file of the image`,
      );
    }
    await writeTiff(store, path, { shape, voxels: asStoredLabels(labels) }, { compress: true });
    await store.write(withoutEnding(path) + ".json", JSON.stringify({ spacing }, null, 4));
  },
};

async function readVolumes(store: Store, paths: string[], spacing: number[]): Promise<Channel[]> {
  const channels: Channel[] = [];
  for (const path of paths) {
    await fileSize(store, path);
    const { shape, voxels } = await readTiff(store, path);
    if (shape.length !== 3) {
      throw unsupported(
        path,
        `Tiff3DIO reads volumes, this one is ${shape.join(" x ")}`,
        "save it as a stack of grey pages",
      );
    }
    const [z, y, x] = shape;
    channels.push({ path, data: toFloat32(voxels), shape: [1, z, y, x], properties: { spacing } });
  }
  return channels;
}

async function readSpacing(store: Store, sidecar: string): Promise<number[]> {
  if (!await store.stat(sidecar)) return [1, 1, 1];
  const text = new TextDecoder().decode(await store.read(sidecar));
  let spacing: unknown;
  try {
    spacing = JSON.parse(text).spacing;
  } catch (error) {
    throw new DataError(`Cannot read "${sidecar}": ${(error as Error).message}, correct it`);
  }
  if (
    !Array.isArray(spacing) || spacing.length !== 3 || !spacing.every((s) => typeof s === "number")
  ) {
    throw new DataError(
      `Cannot read "${sidecar}": it must hold "spacing" with three numbers (z, y, x), correct it`,
    );
  }
  return spacing;
}

function withoutEnding(path: string): string {
  return path.slice(0, path.lastIndexOf("."));
}
