import type { PatchGeometry } from "./initial_patch.ts";
import {
  ContrastTransform,
  GammaTransform,
  GaussianBlurTransform,
  GaussianNoiseTransform,
  MultiplicativeBrightnessTransform,
  SimulateLowResolutionTransform,
} from "./intensity_transforms.ts";
import { MaskImageTransform, RemoveLabelTransform } from "./label_transforms.ts";
import { MirrorTransform } from "./mirror_transform.ts";
import { SpatialTransform } from "./spatial_transform.ts";
import type { RandomTransform } from "./transform.ts";

/** What the transforms of a configuration depend on. */
export interface TrainingTransformsOptions {
  /** Extents that the network gets, two or three. */
  patchSize: readonly number[];
  /** Of this patch size; `mirrorAxes` may be fewer. */
  geometry: Pick<PatchGeometry, "maxRotation" | "dummy2d" | "mirrorAxes">;
  /** By channel, from the plans. */
  useMaskForNorm: readonly boolean[];
  /** @default {"full"} */
  augmentation?: Augmentation;
}

/**
 * How much patches are changed: as nnU-Net does; mirrored and made noisy only, for trainings of minutes;
 * or not at all (`nnUNetTrainerNoDA`).
 */
export type Augmentation = "full" | "light" | "none";

/**
 * nnU-Net's augmentation in its order (`nnUNetTrainer.get_training_transforms`; spec 05, section 6): from
 * a patch of the initial size, labels −1 outside, to one of the network's size, labels 0 outside. Less
 * than full augmentation changes no size.
 */
export function trainingTransforms(
  { patchSize, geometry, useMaskForNorm, augmentation = "full" }: TrainingTransformsOptions,
): RandomTransform[] {
  const { maxRotation, dummy2d, mirrorAxes } = geometry;
  const always = 1;
  const noise = { probability: 0.1, transform: new GaussianNoiseTransform() };
  const transforms: RandomTransform[] = augmentation === "none" ? [] : [noise];
  if (augmentation === "full") {
    const spatial = new SpatialTransform({ patchSize, maxRotation, dummy2d });
    transforms.unshift({ probability: always, transform: spatial });
    transforms.push(
      { probability: 0.2, transform: new GaussianBlurTransform() },
      { probability: 0.15, transform: new MultiplicativeBrightnessTransform() },
      { probability: 0.15, transform: new ContrastTransform() },
      { probability: 0.25, transform: new SimulateLowResolutionTransform(dummy2d) },
      { probability: 0.1, transform: new GammaTransform(true) },
      { probability: 0.3, transform: new GammaTransform(false) },
    );
  }
  if (mirrorAxes.length) {
    transforms.push({ probability: always, transform: new MirrorTransform(mirrorAxes) });
  }
  if (useMaskForNorm.includes(true)) {
    transforms.push({ probability: always, transform: new MaskImageTransform(useMaskForNorm) });
  }
  transforms.push({ probability: always, transform: new RemoveLabelTransform() });
  return transforms;
}
