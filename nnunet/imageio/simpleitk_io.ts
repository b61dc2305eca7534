import { DataError } from "../errors.ts";
import { type Channel, joinChannels } from "./channels.ts";
import type { ImageProperties, MedicalImage, SitkStuff } from "./image.ts";
import { readItkFile, writeItkFile } from "./itk_file.ts";
import type { ItkImage } from "./itk_image.ts";
import { asStoredLabels, type ReaderWriter } from "./reader.ts";
import { toFloat32 } from "./voxels.ts";

/** nnU-Net's `SimpleITKIO`: NIfTI, NRRD, MetaImage and GIPL as ITK understands them. */
export const simpleItkIo: ReaderWriter = {
  fileEndings: [".nii.gz", ".nrrd", ".mha", ".gipl"],

  async readImages(store, paths) {
    const channels: Channel[] = [];
    for (const path of paths) {
      const image = await readItkFile(store, path);
      channels.push({ path, ...medicalImageOf(path, image, sitkStuffOf(image)) });
    }
    return joinChannels(channels);
  },

  readSeg(store, path) {
    return this.readImages(store, [path]);
  },

  async writeSeg(store, path, labels, shape, properties) {
    await writeItkFile(store, path, labelImage(path, asStoredLabels(labels), shape, properties));
  },
};

/** nnU-Net's keys of `image`'s geometry. */
export function sitkStuffOf({ spacing, origin, direction }: ItkImage): SitkStuff {
  return { spacing, origin, direction };
}

/**
 * `image` in reader axis order. Voxels that are vectors keep their components as the last axis,
 * which then stands where x belongs: so does nnU-Net.
 */
export function medicalImageOf(
  path: string,
  image: ItkImage,
  sitk_stuff: SitkStuff,
): MedicalImage {
  const axes = [...image.size].reverse();
  if (image.components > 1) axes.push(image.components);
  const spacing = [...image.spacing].reverse().map(Math.abs);
  if (axes.length === 2) spacing.unshift(999 * Math.max(...image.spacing));
  else if (axes.length === 4) spacing.shift();
  else if (axes.length !== 3) {
    throw new DataError(
      `Cannot read "${path}": it has ${axes.length} axes (${axes.join(" x ")}), ` +
        `save its 3D volumes one by one`,
    );
  }
  return {
    data: toFloat32(image.voxels),
    shape: [...Array(4 - axes.length).fill(1), ...axes] as MedicalImage["shape"],
    properties: { spacing, sitk_stuff },
  };
}

/** Label map with the geometry of the image it belongs to; a 2D image gets the first slice. */
export function labelImage(
  path: string,
  voxels: Uint8Array | Uint16Array,
  shape: [number, number, number],
  properties: ImageProperties,
): ItkImage {
  const stuff = properties.sitk_stuff;
  const n = stuff?.spacing.length;
  if (!stuff || (n !== 2 && n !== 3)) {
    throw new DataError(
      `Cannot write "${path}": its image has ${n ?? "no"} axes in sitk_stuff, a segmentation ` +
        `needs 2 or 3, use the properties of a 2D or 3D image`,
    );
  }
  const size = [...shape].reverse().slice(0, n);
  const { spacing, origin, direction } = stuff;
  const first = n === 2 ? voxels.subarray(0, size[0] * size[1]) : voxels;
  return { size, spacing, origin, direction, components: 1, voxels: first };
}
