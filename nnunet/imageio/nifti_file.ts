import { NIFTI1, NIFTI2 } from "nifti-reader-js";
import type { Store } from "../store.ts";
import { damaged, unsupported } from "./damaged.ts";
import { fileSize } from "./file_size.ts";
import { inflate } from "./inflate.ts";
import { bytesOf, type Voxels, voxelsOf, type VoxelType } from "./voxels.ts";

/** What a NIfTI header says, before anyone's interpretation. */
export interface NiftiHeader {
  version: "analyze" | 1 | 2;
  littleEndian: boolean;
  /** Extents, x first, as many as `dim[0]` says. */
  dim: number[];
  /** `pixdim`: qfac, then voxel sizes. */
  pixdim: number[];
  datatype: number;
  voxOffset: number;
  slope: number;
  intercept: number;
  /** `xyzt_units`. */
  units: number;
  intent: number;
  qformCode: number;
  sformCode: number;
  /** `quatern_b`, `_c`, `_d`. */
  quaternion: number[];
  qoffset: number[];
  /** `srow_x`, `_y`, `_z`, whatever the codes say. */
  srow: number[][];
}

/** A NIfTI file: header and values as stored, unscaled. */
export interface NiftiFile {
  header: NiftiHeader;
  /** Values per voxel that lie side by side: 3 or 4 for RGB(A), else 1. */
  components: number;
  /** Whether the file stores complex numbers; `voxels` are their real parts. */
  complex: boolean;
  /** x fastest. */
  voxels: Voxels;
}

const TYPES = new Map<number, { type: VoxelType; components?: number; complex?: boolean }>([
  [2, { type: "uint8" }],
  [4, { type: "int16" }],
  [8, { type: "int32" }],
  [16, { type: "float32" }],
  [32, { type: "float32", complex: true }],
  [64, { type: "float64" }],
  [128, { type: "uint8", components: 3 }],
  [256, { type: "int8" }],
  [512, { type: "uint16" }],
  [768, { type: "uint32" }],
  [1024, { type: "int64" }],
  [1280, { type: "uint64" }],
  [1792, { type: "float64", complex: true }],
  [2304, { type: "uint8", components: 4 }],
]);

/** Whether `path` is named like a NIfTI file, single or header and image apart. */
export function isNiftiPath(path: string): boolean {
  return /\.(nii|hdr|img)(\.gz)?$/i.test(path);
}

/**
 * Reads `.nii`, `.nii.gz` and `.hdr`/`.img` pairs: NIfTI-1, NIfTI-2 and Analyze 7.5.
 *
 * @throws {DataError} when the file is damaged or holds values of a kind that is not read
 */
export async function readNiftiFile(store: Store, path: string): Promise<NiftiFile> {
  const pair = /^(.*)\.(hdr|img)(\.gz)?$/i.exec(path);
  if (!pair) return await readParts(store, path, path);
  const [, base, ending, gz = ""] = pair;
  const upper = ending === ending.toUpperCase();
  return await readParts(
    store,
    `${base}.${upper ? "HDR" : "hdr"}${gz}`,
    `${base}.${upper ? "IMG" : "img"}${gz}`,
  );
}

async function readParts(store: Store, head: string, image: string): Promise<NiftiFile> {
  let header!: NiftiHeader;
  let range!: { begin: number; end: number };
  const look = (bytes: Uint8Array) => {
    header = parseHeader(head, bytes);
    range = dataRange(head, header, head === image);
    return head === image ? range.end : bytes.length;
  };

  let data: Uint8Array;
  if (/\.gz$/i.test(head)) {
    const content = await inflate(head, await store.read(head), "gzip", look);
    data = head === image
      ? content.subarray(range.begin)
      : (await inflate(image, await store.read(image), "gzip", () => range.end))
        .subarray(range.begin);
  } else {
    const size = await fileSize(store, head);
    const bytes = await store.readRange(head, 0, Math.min(size, 544));
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      throw unsupported(head, "it is compressed but not named so", "rename it to end in .nii.gz");
    }
    look(bytes);
    const available = await fileSize(store, image);
    if (available < range.end) {
      throw damaged(image, `the file ends at byte ${available}, the header promises ${range.end}`);
    }
    data = await store.readRange(image, range.begin, range.end);
  }
  const { type, components = 1, complex = false } = TYPES.get(header.datatype)!;
  const voxels = voxelsOf(data, type, header.littleEndian);
  return { header, components, complex, voxels: complex ? realParts(voxels) : voxels };
}

function parseHeader(path: string, bytes: Uint8Array): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length < 4 ? 0 : view.getInt32(0, true);
  const swapped = bytes.length < 4 ? 0 : view.getInt32(0, false);
  const two = size === 540 || swapped === 540;
  if (!two && size !== 348 && swapped !== 348) {
    throw damaged(path, "it does not begin like a NIfTI file");
  }
  const length = two ? 540 : 348;
  if (bytes.length < length) {
    throw damaged(path, `the file ends at byte ${bytes.length}, inside its header of ${length}`);
  }
  const magic = String.fromCharCode(...bytes.subarray(two ? 4 : 344, two ? 7 : 347));
  const analyze = magic === "\0\0\0" && /\.(hdr|img)(\.gz)?$/i.test(path);
  if (!analyze && !(two ? ["n+2", "ni2"] : ["n+1", "ni1"]).includes(magic)) {
    throw damaged(
      path,
      `its header names an unknown kind of file (magic ${JSON.stringify(magic)})`,
    );
  }

  // Only the header itself: the library stumbles over odd extensions, which say nothing to us.
  const parsed = two ? new NIFTI2() : new NIFTI1();
  parsed.readHeader(bytes.slice(0, length).buffer as ArrayBuffer);
  const { littleEndian } = parsed;
  // The library keeps either sform or qform; ITK and nibabel choose by rules of their own.
  const srow = [0, 1, 2].map((i) =>
    [0, 1, 2, 3].map((j) =>
      two
        ? view.getFloat64(400 + 8 * (4 * i + j), littleEndian)
        : view.getFloat32(280 + 4 * (4 * i + j), littleEndian)
    )
  );
  const count = parsed.dims[0];
  if (!(count >= 1 && count <= 7)) {
    throw damaged(path, `its header says it has ${count} dimensions`);
  }
  return {
    version: analyze ? "analyze" : two ? 2 : 1,
    littleEndian,
    dim: parsed.dims.slice(1, 1 + count),
    pixdim: parsed.pixDims,
    datatype: parsed.datatypeCode,
    voxOffset: parsed.vox_offset,
    slope: parsed.scl_slope,
    intercept: parsed.scl_inter,
    units: parsed.xyzt_units,
    intent: parsed.intent_code,
    qformCode: analyze ? 0 : parsed.qform_code,
    sformCode: analyze ? 0 : parsed.sform_code,
    quaternion: [parsed.quatern_b, parsed.quatern_c, parsed.quatern_d],
    qoffset: [parsed.qoffset_x, parsed.qoffset_y, parsed.qoffset_z],
    srow,
  };
}

/** Where the values lie; everything is checked here, before memory is taken. */
function dataRange(
  path: string,
  { dim, datatype, version, voxOffset }: NiftiHeader,
  single: boolean,
): { begin: number; end: number } {
  if (dim.some((d) => d < 1)) {
    throw damaged(path, `its header gives the size ${dim.join(" x ")}`);
  }
  const kind = TYPES.get(datatype);
  if (!kind) {
    throw unsupported(
      path,
      `its values are of a kind that is not read (NIfTI datatype ${datatype})`,
      "convert it to int16 or float32",
    );
  }
  const first = single ? (version === 2 ? 544 : 352) : 0;
  if (!(voxOffset >= first - 4 && Number.isInteger(voxOffset))) {
    throw damaged(path, `its header says that the voxels begin at byte ${voxOffset}`);
  }
  const size = bytesOf(kind.type) * (kind.components ?? 1) * (kind.complex ? 2 : 1);
  return { begin: voxOffset, end: voxOffset + dim.reduce((a, b) => a * b, size) };
}

function realParts(voxels: Voxels): Voxels {
  return (voxels as Float32Array).filter((_, i) => i % 2 === 0);
}
