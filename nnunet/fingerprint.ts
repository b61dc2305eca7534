import type { IntensityProperties } from "./plans.ts";

/** `dataset_fingerprint.json`, keys as on disk (spec 02, section 1); axes in the reader's order. */
export interface Fingerprint {
  /** By channel number as text. */
  foreground_intensity_properties_per_channel: Record<string, IntensityProperties>;
  /** Voxels after cropping to the non-zero region, as a share of all. */
  median_relative_size_after_cropping: number;
  /** Per case. */
  shapes_after_crop: number[][];
  /** Per case, mm. */
  spacings: number[][];
}
