import type { Store } from "../store.ts";
import { damaged, unsupported } from "./damaged.ts";
import { isGiplPath, readGipl, writeGipl } from "./gipl.ts";
import { isSingular, type ItkImage, withPositiveSpacing } from "./itk_image.ts";
import { isMetaImagePath, readMetaImage, writeMetaImage } from "./meta_image.ts";
import { isNiftiPath } from "./nifti_file.ts";
import { readNiftiAsItk } from "./nifti_itk.ts";
import { writeNiftiAsItk } from "./nifti_itk_writer.ts";
import { isNrrdPath, readNrrd, writeNrrd } from "./nrrd.ts";
import { isTiffPath, readTiffAsItk, writeTiffAsItk } from "./tiff_itk.ts";

/** One file format that ITK knows: which names it takes, how it is read and written. */
interface ItkFormat {
  takes: (path: string) => boolean;
  read: (store: Store, path: string) => Promise<ItkImage>;
  write: (store: Store, path: string, image: ItkImage) => Promise<void>;
}

const FORMATS: ItkFormat[] = [
  { takes: isNiftiPath, read: readNiftiAsItk, write: writeNiftiAsItk },
  { takes: isNrrdPath, read: readNrrd, write: writeNrrd },
  { takes: isMetaImagePath, read: readMetaImage, write: writeMetaImage },
  { takes: isGiplPath, read: readGipl, write: writeGipl },
  { takes: isTiffPath, read: readTiffAsItk, write: writeTiffAsItk },
];

/**
 * Reads an image file as ITK does; the format is known by the name's ending.
 *
 * @throws {DataError} when the file is missing, damaged or of an unknown kind
 */
export async function readItkFile(store: Store, path: string): Promise<ItkImage> {
  const image = await formatOf(path).read(store, path);
  if (isSingular(image)) {
    throw damaged(path, "its directions lie in one plane, so it has no geometry");
  }
  return withPositiveSpacing(image);
}

/** Writes an image file as ITK does, compressed where the format can be. */
export async function writeItkFile(store: Store, path: string, image: ItkImage): Promise<void> {
  await formatOf(path).write(store, path, image);
}

function formatOf(path: string): ItkFormat {
  const format = FORMATS.find(({ takes }) => takes(path));
  if (!format) {
    throw unsupported(path, "its ending names no image format", "convert it to .nii.gz");
  }
  return format;
}
