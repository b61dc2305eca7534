import { DataError } from "../errors.ts";
import type { ImageProperties, MedicalImage } from "../imageio/image.ts";
import { roundHalfEven } from "../numerics/rounding.ts";
import type { Configuration, Plans } from "../plans.ts";
import {
  classLocationKeys,
  type ClassLocations,
  type LabelDeclaration,
  sampleClassLocations,
} from "./class_locations.ts";
import { type BoundingBox, cropToNonzero, type Shape4 } from "./crop.ts";
import type { Shape3 } from "./fill_holes.ts";
import { normalize } from "./normalization.ts";
import type { Spacing3 } from "./resample.ts";
import { isWithoutResampling, resample } from "./resampling_function.ts";
import { permute } from "./transpose.ts";

/**
 * What is remembered of a case, with nnU-Net's keys. Shapes and box are in the transposed order,
 * `spacing` in the reader's.
 */
export interface CaseProperties extends ImageProperties {
  shape_before_cropping: Shape3;
  bbox_used_for_cropping: BoundingBox;
  shape_after_cropping_and_before_resampling: Shape3;
  /** Only for cases with a segmentation; coordinates in the preprocessed array. */
  class_locations?: ClassLocations[];
}

/** A case as the network gets it. */
export interface PreprocessedArrays {
  /** `shape`, normalised. */
  data: Float32Array;
  /** `[1, ...shape.slice(1)]`; −1 outside the non-zero region. */
  seg: Int16Array;
  shape: Shape4;
  properties: CaseProperties;
}

/** 16 GiB: no scan resampled to a sensible spacing has more values. */
const MAX_VALUES = 2 ** 32;

/**
 * Crops, normalises and resamples one case.
 *
 * Source: nnU-Net `DefaultPreprocessor.run_case_npy`, specification 03 section 1.
 *
 * @param image all channels, as read; its memory may be overwritten
 * @param seg labels of the same shape, or none for a case to be predicted
 * @throws {DataError} image and seg differ in shape, the plans do not fit the channels, or the
 * spacing makes no sense
 */
export function preprocessCase(
  image: MedicalImage,
  seg: MedicalImage | undefined,
  plans: Pick<Plans, "transpose_forward" | "foreground_intensity_properties_per_channel">,
  configuration: Configuration,
  dataset: LabelDeclaration,
): PreprocessedArrays {
  checkShapes(image, seg, configuration);
  const order = plans.transpose_forward;
  const { data, seg: croppedSeg, shape, bbox } = cropToNonzero(
    image.data,
    image.shape,
    seg?.data,
    order,
  );
  normalizeChannels(data, croppedSeg, shape[0], plans, configuration);

  const spacing: Spacing3 = permute(image.properties.spacing, order);
  const newSpacing = targetSpacing(spacing, configuration.spacing);
  const newShape = isWithoutResampling(configuration)
    ? spatial(shape)
    : shapeAtSpacing(shape, spacing, newSpacing);
  const resampledData = resample(
    configuration.resampling_fn_data,
    data,
    shape,
    newShape,
    spacing,
    newSpacing,
    configuration.resampling_fn_data_kwargs,
  );
  const resampledSeg = resample(
    configuration.resampling_fn_seg,
    croppedSeg,
    [1, ...spatial(shape)],
    newShape,
    spacing,
    newSpacing,
    configuration.resampling_fn_seg_kwargs,
  );

  const properties: CaseProperties = {
    ...image.properties,
    shape_before_cropping: permute(spatial(image.shape), order),
    bbox_used_for_cropping: bbox,
    shape_after_cropping_and_before_resampling: spatial(shape),
  };
  if (seg !== undefined) {
    properties.class_locations = sampleClassLocations(
      resampledSeg,
      newShape,
      classLocationKeys(dataset),
    );
  }
  return { data: resampledData, seg: resampledSeg, shape: [shape[0], ...newShape], properties };
}

function spatial(shape: Shape4): Shape3 {
  return [shape[1], shape[2], shape[3]];
}

/** @throws {DataError} when nothing is left of an axis, or the result has too many voxels */
function shapeAtSpacing(shape: Shape4, spacing: Spacing3, newSpacing: Spacing3): Shape3 {
  const newShape = spatial(shape).map((n, k) => roundHalfEven(spacing[k] / newSpacing[k] * n));
  const values = newShape.reduce((product, n) => product * n, shape[0]);
  if (!(values > 0 && values <= MAX_VALUES)) {
    throw new DataError(
      `Cannot resample an image of shape ${spatial(shape).join(" x ")} and spacing ` +
        `${spacing.join(" x ")} mm to ${
          newSpacing.join(" x ")
        } mm: the result would have the shape ` +
        `${newShape.join(" x ")}, correct the spacing in the file`,
    );
  }
  return newShape as Shape3;
}

function checkShapes(
  image: MedicalImage,
  seg: MedicalImage | undefined,
  configuration: Configuration,
): void {
  const channels = configuration.normalization_schemes.length;
  if (image.shape[0] !== channels) {
    throw new DataError(
      `Cannot preprocess an image of ${image.shape[0]} channels: the plans have ${channels}, ` +
        "give the channels of dataset.json or plan again",
    );
  }
  if (seg !== undefined && spatial(seg.shape).some((n, k) => n !== spatial(image.shape)[k])) {
    throw new DataError(
      `Cannot preprocess an image of shape ${
        spatial(image.shape).join(" x ")
      } with a segmentation ` +
        `of shape ${spatial(seg.shape).join(" x ")}: they must be equal, correct one of the files`,
    );
  }
}

function normalizeChannels(
  data: Float32Array,
  seg: Int16Array,
  channels: number,
  plans: Pick<Plans, "foreground_intensity_properties_per_channel">,
  { normalization_schemes, use_mask_for_norm }: Configuration,
): void {
  const size = data.length / channels;
  for (let c = 0; c < channels; c++) {
    normalize(normalization_schemes[c], data.subarray(c * size, (c + 1) * size), {
      seg: use_mask_for_norm[c] ? seg : undefined,
      intensities: plans.foreground_intensity_properties_per_channel[c],
    });
  }
}

/** A 2D configuration has no spacing for the first axis: that one keeps its own. */
function targetSpacing(spacing: Spacing3, target: readonly number[]): Spacing3 {
  return (target.length === 2 ? [spacing[0], ...target] : target) as unknown as Spacing3;
}
