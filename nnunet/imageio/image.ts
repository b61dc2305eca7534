/** Spacing, origin and direction as ITK has them: x, y, z order, mm. `direction` is row-major. */
export interface SitkStuff {
  spacing: number[];
  origin: number[];
  direction: number[];
  original_orientation?: string;
}

/** Affines (4 × 4, voxel index to mm, RAS) as nibabel has them. */
export interface NibabelStuff {
  original_affine: number[][];
  reoriented_affine?: number[][];
}

/** What a reader says of a file, with nnU-Net's own keys (spec 03, "properties (pkl)"). */
export interface ImageProperties {
  /** mm, in the axis order of the array (z, y, x). */
  spacing: number[];
  sitk_stuff?: SitkStuff;
  nibabel_stuff?: NibabelStuff;
}

/** An image as nnU-Net's readers return it. */
export interface MedicalImage {
  /** `[C, z, y, x]`, x fastest. */
  data: Float32Array;
  shape: [number, number, number, number];
  properties: ImageProperties;
}
