import { roundHalfEven } from "../numerics/rounding.ts";

/** Extents that are left when an image is scaled down, one scale per axis. */
export function lowResolutionSize(size: readonly number[], scale: readonly number[]): number[] {
  return size.map((n, axis) => roundHalfEven(n * scale[axis]));
}
