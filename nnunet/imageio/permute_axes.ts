import type { Voxels } from "./voxels.ts";

/**
 * Reorders the axes of a volume: new axis `i` (x first) is old axis `order[i]`, reversed where
 * `flip[i]`. `components` values per voxel stay together.
 */
export function permuteAndFlip<T extends Voxels>(
  voxels: T,
  size: number[],
  order: number[],
  flip: boolean[],
  components = 1,
): T {
  if (order.every((a, i) => a === i) && !flip.some(Boolean)) return voxels;
  const strides = [components, components * size[0], components * size[0] * size[1]];
  const [nx, ny, nz] = order.map((a) => size[a]);
  const [sx, sy, sz] = order.map((a, i) => flip[i] ? -strides[a] : strides[a]);
  const start = order.reduce((sum, a, i) => flip[i] ? sum + strides[a] * (size[a] - 1) : sum, 0);
  const out = new (voxels.constructor as new (length: number) => T)(voxels.length);
  let to = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      let from = start + z * sz + y * sy;
      for (let x = 0; x < nx; x++, from += sx) {
        for (let c = 0; c < components; c++) out[to++] = voxels[from + c];
      }
    }
  }
  return out;
}
