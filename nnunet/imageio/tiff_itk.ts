import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import { unsupported } from "./damaged.ts";
import { fileSize } from "./file_size.ts";
import { identityDirection, type ItkImage } from "./itk_image.ts";
import { readTiff, writeTiff } from "./tiff.ts";

/** Whether `path` is named like a TIFF file. */
export function isTiffPath(path: string): boolean {
  return /\.tiff?$/i.test(path);
}

/**
 * Reads a grey TIFF file as ITK does: pixel sizes from the resolution where it has a unit, slices
 * 1 mm apart. nnU-Net comes here when plans are moved to a dataset of TIFF volumes.
 */
export async function readTiffAsItk(store: Store, path: string): Promise<ItkImage> {
  await fileSize(store, path);
  const { shape, voxels, firstPage } = await readTiff(store, path);
  if (firstPage.samples > 1 || shape.length > 3) {
    throw unsupported(
      path,
      `SimpleITKIO reads grey TIFF files, this one is ${shape.join(" x ")}`,
      "save each channel as one file",
    );
  }
  const size = [...shape].reverse();
  const [x, y] = firstPage.pixelSize ?? [1, 1];
  return {
    size,
    spacing: [x, y, 1].slice(0, size.length),
    origin: size.map(() => 0),
    direction: identityDirection(size.length),
    components: 1,
    voxels,
  };
}

/** Writes labels as a TIFF file, which keeps no geometry. */
export async function writeTiffAsItk(store: Store, path: string, image: ItkImage): Promise<void> {
  const { size, voxels } = image;
  if (!(voxels instanceof Uint8Array || voxels instanceof Uint16Array)) {
    throw new DataError(
      `Cannot write "${path}": TIFF files are written for labels only, use .nii.gz`,
    );
  }
  await writeTiff(store, path, { shape: [...size].reverse(), voxels }, { compress: true });
}
