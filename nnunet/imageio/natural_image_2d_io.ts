import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import { decodeBmp, encodeGreyBmp } from "./bmp.ts";
import { type Channel, joinChannels } from "./channels.ts";
import { unsupported } from "./damaged.ts";
import { fileSize } from "./file_size.ts";
import { decodePng, encodeGreyPng, type Picture } from "./png.ts";
import { asStoredLabels, type ReaderWriter } from "./reader.ts";
import { readTiff, type TiffArray, writeTiff } from "./tiff.ts";
import { allocateFloat32, toFloat32 } from "./voxels.ts";

/** nnU-Net's `NaturalImage2DIO`: 2D pictures, grey or with three or four channels. */
export const naturalImage2dIo: ReaderWriter = {
  fileEndings: [".png", ".bmp", ".tif"],

  async readImages(store, paths) {
    const channels: Channel[] = [];
    for (const path of paths) {
      const { shape, voxels } = channelsLast(await readArray(store, path));
      const [height, width, samples = 1] = shape;
      if (shape.length > 3 || (shape.length === 3 && samples !== 3 && samples !== 4)) {
        throw unsupported(
          path,
          `a picture has one, three or four channels, this one is ${shape.join(" x ")}`,
          "save it as grey or RGB",
        );
      }
      channels.push({
        path,
        data: channelsFirst(toFloat32(voxels), samples),
        shape: [samples, 1, height, width],
        properties: { spacing: [999, 1, 1] },
      });
    }
    return joinChannels(channels);
  },

  readSeg(store, path) {
    return this.readImages(store, [path]);
  },

  async writeSeg(store, path, labels, shape) {
    const [, height, width] = shape;
    const values = asStoredLabels(labels).subarray(0, height * width);
    const picture: Picture = { width, height, channels: 1, values };
    if (/\.png$/i.test(path)) await store.write(path, encodeGreyPng(picture));
    else if (/\.tiff?$/i.test(path)) {
      await writeTiff(store, path, { shape: [height, width], voxels: values }, { compress: false });
    } else if (values instanceof Uint8Array) await store.write(path, encodeGreyBmp(picture));
    else {
      throw new DataError(
        `Cannot write "${path}": a BMP holds labels up to 254, use .png as file ending`,
      );
    }
  },
};

async function readArray(store: Store, path: string): Promise<TiffArray> {
  await fileSize(store, path);
  if (/\.tiff?$/i.test(path)) return await readTiff(store, path);
  const bytes = await store.read(path);
  const picture = bytes[0] === 0x42 ? decodeBmp(path, bytes) : await decodePng(path, bytes);
  const { width, height, channels, values } = picture;
  return { shape: channels === 1 ? [height, width] : [height, width, channels], voxels: values };
}

/** scikit-image takes a first axis of 3 or 4 for colours when the last one cannot be. */
function channelsLast({ shape, voxels }: TiffArray): TiffArray {
  const isColour = (n: number) => n === 3 || n === 4;
  if (shape.length !== 3 || isColour(shape[2]) || !isColour(shape[0])) return { shape, voxels };
  const [samples, height, width] = shape;
  const values = toFloat32(voxels);
  const out = allocateFloat32(values.length);
  const count = height * width;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < samples; c++) out[i * samples + c] = values[c * count + i];
  }
  return { shape: [height, width, samples], voxels: out };
}

function channelsFirst(values: Float32Array, samples: number): Float32Array {
  if (samples === 1) return values;
  const out = allocateFloat32(values.length);
  const count = values.length / samples;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < samples; c++) out[c * count + i] = values[i * samples + c];
  }
  return out;
}
