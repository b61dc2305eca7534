import { type Channel, joinChannels } from "./channels.ts";
import { unsupported } from "./damaged.ts";
import { readItkFile, writeItkFile } from "./itk_file.ts";
import { orientationCode, orientTo } from "./itk_orientation.ts";
import { asStoredLabels, type ReaderWriter } from "./reader.ts";
import { labelImage, medicalImageOf, sitkStuffOf } from "./simpleitk_io.ts";

/**
 * nnU-Net's `SimpleITKIOWithReorient`: as `SimpleITKIO`, with every image turned to RAS first and
 * segmentations turned back. Unlike nnU-Net's, labels above 255 are kept (uint16).
 */
export const simpleItkReorientIo: ReaderWriter = {
  fileEndings: [".nii.gz", ".nrrd", ".mha", ".gipl"],

  async readImages(store, paths) {
    const channels: Channel[] = [];
    let original_orientation = "";
    for (const path of paths) {
      const file = await readItkFile(store, path);
      if (file.size.length !== 3 || file.complex) {
        const what = file.complex ? "of complex numbers" : `with ${file.size.length} axes`;
        throw unsupported(
          path,
          `SimpleITKIOWithReorient turns 3D images only, this one is ${what}`,
          "use SimpleITKIO",
        );
      }
      const image = orientTo(file, "RAS");
      original_orientation = orientationCode(file.direction);
      channels.push({ path, ...medicalImageOf(path, image, sitkStuffOf(image)) });
    }
    const image = joinChannels(channels);
    // Where channels differ, nnU-Net keeps the orientation of the last.
    image.properties.sitk_stuff!.original_orientation = original_orientation;
    return image;
  },

  readSeg(store, path) {
    return this.readImages(store, [path]);
  },

  async writeSeg(store, path, labels, shape, properties) {
    const image = labelImage(path, asStoredLabels(labels, 255), shape, properties);
    const code = properties.sitk_stuff?.original_orientation;
    await writeItkFile(store, path, code ? orientTo(image, code) : image);
  },
};
