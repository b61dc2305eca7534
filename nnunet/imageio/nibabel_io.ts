import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import { type Channel, joinChannels } from "./channels.ts";
import { damaged, unsupported } from "./damaged.ts";
import type { ImageProperties, MedicalImage } from "./image.ts";
import {
  affineOf,
  axisOrientation,
  fromCanonical,
  isCanonical,
  qformOf,
  storedZooms,
  toCanonical,
  zoomsOf,
} from "./nibabel_geometry.ts";
import { type NiftiFile, readNiftiFile } from "./nifti_file.ts";
import { writeNiftiFile } from "./nifti_writer.ts";
import { asStoredLabels, type ReaderWriter } from "./reader.ts";
import { allocateFloat32, toFloat32, type Voxels } from "./voxels.ts";

const SFORM_ALIGNED = 2;

/** nnU-Net's `NibabelIO`: 3D NIfTI as nibabel understands it. */
export const nibabelIo: ReaderWriter = {
  fileEndings: [".nii", ".nii.gz"],
  readImages: (store, paths) => readAll(store, paths, readAsStored),
  readSeg: (store, path) => readAll(store, [path], readAsStored),

  async writeSeg(store, path, labels, shape, properties) {
    const size = [...shape].reverse();
    await write(store, path, asStoredLabels(labels), size, originalAffine(path, properties));
  },
};

/** nnU-Net's `NibabelIOWithReorient`: as `NibabelIO`, turned to RAS, segmentations turned back. */
export const nibabelReorientIo: ReaderWriter = {
  fileEndings: [".nii", ".nii.gz"],
  readImages: (store, paths) => readAll(store, paths, readCanonical),
  readSeg: (store, path) => readAll(store, [path], readCanonical),

  async writeSeg(store, path, labels, shape, properties) {
    const affine = originalAffine(path, properties);
    const orientation = axisOrientation(affine);
    if (!orientation) throw unwritable(path);
    const turned = fromCanonical(asStoredLabels(labels), [...shape].reverse(), orientation);
    await write(store, path, turned.voxels, turned.size, affine);
  },
};

async function readAll(
  store: Store,
  paths: string[],
  read: (path: string, file: NiftiFile) => MedicalImage,
): Promise<MedicalImage> {
  const channels: Channel[] = [];
  for (const path of paths) {
    const file = await readNiftiFile(store, path);
    const { dim } = file.header;
    if (dim.length !== 3) {
      throw unsupported(
        path,
        `NibabelIO reads 3D images, this one has ${dim.length} dimensions (${dim.join(" x ")})`,
        "save its 3D volumes one by one",
      );
    }
    if (file.components > 1) {
      throw unsupported(path, "NibabelIO does not read colours", "save each channel as one file");
    }
    channels.push({ path, ...read(path, file) });
  }
  return joinChannels(channels);
}

function readAsStored(path: string, file: NiftiFile): MedicalImage {
  return medicalImage(scaled(path, file), file.header.dim, zoomsOf(file.header), {
    original_affine: affineOf(path, file.header),
  });
}

function readCanonical(path: string, file: NiftiFile): MedicalImage {
  const original_affine = affineOf(path, file.header);
  const orientation = axisOrientation(original_affine);
  if (!orientation) throw damaged(path, "the affine of its header is singular");
  const voxels = scaled(path, file);
  const { dim } = file.header;
  if (isCanonical(orientation)) {
    const stuff = { original_affine, reoriented_affine: original_affine };
    return medicalImage(voxels, dim, zoomsOf(file.header), stuff);
  }
  const turned = toCanonical(voxels, dim, original_affine, orientation);
  return medicalImage(turned.voxels, turned.size, storedZooms(turned.affine), {
    original_affine,
    reoriented_affine: turned.affine,
  });
}

function medicalImage(
  data: Float32Array,
  size: number[],
  zooms: number[],
  nibabel_stuff: ImageProperties["nibabel_stuff"],
): MedicalImage {
  const [x, y, z] = size;
  return {
    data,
    shape: [1, z, y, x],
    properties: { spacing: [...zooms].reverse(), nibabel_stuff },
  };
}

/** Stored values times slope plus intercept, in float64 before the rounding to float32. */
function scaled(path: string, { header, voxels }: NiftiFile): Float32Array {
  const { slope, intercept } = header;
  if (slope === 0 || !Number.isFinite(slope) || (slope === 1 && intercept === 0)) {
    return toFloat32(voxels);
  }
  if (!Number.isFinite(intercept)) {
    throw damaged(path, `its header gives slope ${slope} with intercept ${intercept}`);
  }
  const out = allocateFloat32(voxels.length);
  for (let i = 0; i < out.length; i++) out[i] = Number(voxels[i]) * slope + intercept;
  return out;
}

function originalAffine(path: string, properties: ImageProperties): number[][] {
  if (properties.nibabel_stuff) return properties.nibabel_stuff.original_affine;
  throw new DataError(
    `Cannot write "${path}": the properties of its image were not made by NibabelIO, use the ` +
      `reader that the plans name`,
  );
}

function unwritable(path: string): DataError {
  return new DataError(
    `Cannot write "${path}": the affine of its image is singular, repair the header of the image`,
  );
}

async function write(
  store: Store,
  path: string,
  voxels: Voxels,
  size: number[],
  affine: number[][],
): Promise<void> {
  const qform = qformOf(affine);
  if (!qform) throw unwritable(path);
  await writeNiftiFile(store, path, {
    dim: size,
    pixdim: [qform.qfac, ...qform.zooms, 1, 1, 1, 1],
    units: 0,
    sformCode: SFORM_ALIGNED,
    qformCode: 0,
    srow: affine.slice(0, 3),
    quaternion: qform.quaternion,
    qoffset: affine.slice(0, 3).map((row) => row[3]),
    voxels,
  });
}
