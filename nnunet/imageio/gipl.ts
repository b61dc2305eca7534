import type { Store } from "../store.ts";
import { DataError } from "../errors.ts";
import { damaged, unsupported } from "./damaged.ts";
import { readData } from "./detached_data.ts";
import { fileSize } from "./file_size.ts";
import { identityDirection, type ItkImage } from "./itk_image.ts";
import { bytesOf, bytesOfVoxels, typeOf, voxelsOf, type VoxelType } from "./voxels.ts";

const HEADER_SIZE = 256;
const MAGIC = 0xefffe9b0;
const OTHER_MAGIC = 0x2ae389b8;

const TYPES = new Map<number, VoxelType>([
  [7, "int8"],
  [8, "uint8"],
  [15, "int16"],
  [16, "uint16"],
  [31, "uint32"],
  [32, "int32"],
  [64, "float32"],
  [65, "float64"],
]);

/** Whether `path` is named like a GIPL file (Guys Image Processing Lab). */
export function isGiplPath(path: string): boolean {
  return /\.gipl$/i.test(path);
}

/**
 * Reads a GIPL file as ITK's `GiplImageIO` does: no directions, float32 spacing.
 *
 * @throws {DataError} when the file is damaged
 */
export async function readGipl(store: Store, path: string): Promise<ItkImage> {
  const bytesInFile = await fileSize(store, path);
  if (bytesInFile < HEADER_SIZE) {
    throw damaged(
      path,
      `the file ends at byte ${bytesInFile}, inside its header of ${HEADER_SIZE}`,
    );
  }
  const header = await store.readRange(path, 0, HEADER_SIZE);
  const view = new DataView(header.buffer, header.byteOffset, HEADER_SIZE);
  const isMagic = (x: number) => x === MAGIC || x === OTHER_MAGIC;
  const littleEndian = isMagic(view.getUint32(252, true));
  if (!littleEndian && !isMagic(view.getUint32(252, false))) {
    throw damaged(path, "it does not begin like a GIPL file");
  }
  const dims = [0, 1, 2, 3].map((i) => view.getUint16(2 * i, littleEndian));
  const n = dims[3] > 1 ? 4 : dims[2] > 0 ? 3 : 2;
  const size = dims.slice(0, n);
  if (size.some((d) => d < 1)) throw damaged(path, `its header gives the size ${size.join(" x ")}`);
  const code = view.getUint16(8, littleEndian);
  const type = TYPES.get(code);
  if (!type) throw unsupported(path, `GIPL image type ${code} is not read`, "save it as short");
  const length = size.reduce((a, b) => a * b, bytesOf(type));
  const bytes = await readData(store, { path, begin: HEADER_SIZE }, length);
  return {
    size,
    spacing: size.map((_, i) => view.getFloat32(10 + 4 * i, littleEndian)),
    origin: size.map((_, i) => view.getFloat64(204 + 8 * i, littleEndian)),
    direction: identityDirection(n),
    components: 1,
    voxels: voxelsOf(bytes, type, littleEndian),
  };
}

/** Writes a GIPL file as ITK does: big endian, uncompressed; the format knows no directions. */
export async function writeGipl(store: Store, path: string, image: ItkImage): Promise<void> {
  const type = typeOf(image.voxels);
  const code = [...TYPES].find(([, t]) => t === type)?.[0];
  if (code === undefined || image.size.some((d) => d > 0xffff)) {
    throw new DataError(
      `Cannot write "${path}": GIPL holds no ${type} image of ${image.size.join(" x ")}, ` +
        `use .nii.gz`,
    );
  }
  const data = bytesOfVoxels(image.voxels);
  const file = new Uint8Array(HEADER_SIZE + data.length);
  const view = new DataView(file.buffer);
  for (let i = 0; i < 4; i++) {
    view.setUint16(2 * i, image.size[i] ?? (i === 3 ? 1 : 0));
    view.setFloat32(10 + 4 * i, image.spacing[i] ?? (i === 3 ? 1 : 0));
    view.setFloat64(204 + 8 * i, image.origin[i] ?? 0);
  }
  view.setUint16(8, code);
  file.set(new TextEncoder().encode("No Patient Information"), 26);
  view.setUint32(252, MAGIC);
  const size = bytesOf(type);
  for (let i = 0; i < data.length; i += size) {
    for (let b = 0; b < size; b++) file[HEADER_SIZE + i + b] = data[i + size - 1 - b];
  }
  await store.write(path, file);
}
