/** Extents of a tensor; feature maps are `[N, C, D, H, W]` or, in 2D, `[N, C, H, W]`. */
export type Shape = readonly number[];

/** A feature map's extents by name; 2D maps have `d = 1`. */
export interface FeatureShape {
  n: number;
  c: number;
  d: number;
  h: number;
  w: number;
  /** Blocks of four channels: `ceil(c / 4)`. */
  blocks: number;
  /** `d * h * w` */
  voxels: number;
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/**
 * Names the extents of a `[N, C, D, H, W]` or `[N, C, H, W]` shape.
 *
 * @throws {TypeError} if the rank is another.
 */
export function featureShape(shape: Shape): FeatureShape {
  if (shape.length !== 4 && shape.length !== 5) {
    throw new TypeError(
      `Cannot use shape ${
        formatShape(shape)
      } as a feature map: need [N, C, D, H, W] or [N, C, H, W]`,
    );
  }
  const [n, c] = shape as [number, number];
  const [d, h, w] = (shape.length === 5 ? shape.slice(2) : [1, ...shape.slice(2)]) as [
    number,
    number,
    number,
  ];
  return { n, c, d, h, w, blocks: Math.ceil(c / 4), voxels: d * h * w };
}

/** The shape as messages show it: `[2, 32, 40, 56, 40]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, i) => extent === b[i]);
}
