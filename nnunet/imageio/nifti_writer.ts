import { deflate } from "./inflate.ts";
import { bytesOfVoxels, typeOf, type Voxels } from "./voxels.ts";
import type { Store } from "../store.ts";

const DATATYPES = {
  uint8: 2,
  int16: 4,
  int32: 8,
  float32: 16,
  float64: 64,
  int8: 256,
  uint16: 512,
  uint32: 768,
  int64: 1024,
  uint64: 1280,
};

/** What a NIfTI-1 file is to say; see {@linkcode writeNiftiFile}. */
export interface NiftiContent {
  /** Extents, x first. */
  dim: number[];
  /** All eight of `pixdim`. */
  pixdim: number[];
  /** `xyzt_units`. */
  units: number;
  sformCode: number;
  qformCode: number;
  srow: number[][];
  quaternion: number[];
  qoffset: number[];
  /** x fastest. */
  voxels: Voxels;
}

/**
 * Writes a NIfTI-1 file without scaling, compressed when `path` ends in `.gz`; `.hdr` and `.img`
 * make a pair of files.
 */
export async function writeNiftiFile(
  store: Store,
  path: string,
  content: NiftiContent,
): Promise<void> {
  const bytes = bytesOfVoxels(content.voxels);
  const pair = /^(.*)\.(hdr|img)(\.gz)?$/i.exec(path);
  if (pair) {
    const [, base, , gz = ""] = pair;
    await writePacked(store, `${base}.hdr${gz}`, header(content, 0));
    await writePacked(store, `${base}.img${gz}`, bytes);
    return;
  }
  const file = new Uint8Array(352 + bytes.length);
  file.set(header(content, 352));
  file.set(bytes, 352);
  await writePacked(store, path, file);
}

async function writePacked(store: Store, path: string, bytes: Uint8Array): Promise<void> {
  await store.write(path, /\.gz$/i.test(path) ? await deflate(bytes, "gzip") : bytes);
}

function header(content: NiftiContent, voxOffset: number): Uint8Array {
  const bytes = new Uint8Array(352);
  const view = new DataView(bytes.buffer);
  const int16s = (at: number, values: number[]) =>
    values.forEach((x, i) => view.setInt16(at + 2 * i, x, true));
  const floats = (at: number, values: number[]) =>
    values.forEach((x, i) => view.setFloat32(at + 4 * i, x, true));
  const { dim, voxels } = content;
  view.setInt32(0, 348, true);
  bytes[38] = "r".charCodeAt(0);
  int16s(40, [dim.length, ...dim, ...Array(7 - dim.length).fill(1)]);
  int16s(70, [DATATYPES[typeOf(voxels)], 8 * voxels.BYTES_PER_ELEMENT]);
  floats(76, content.pixdim);
  floats(108, [voxOffset, 1, 0]);
  bytes[123] = content.units;
  int16s(252, [content.qformCode, content.sformCode]);
  floats(256, [...content.quaternion, ...content.qoffset, ...content.srow.flat()]);
  bytes.set(new TextEncoder().encode(voxOffset ? "n+1" : "ni1"), 344);
  return bytes;
}
