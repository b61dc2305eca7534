import { maskOutside, replaceLabel } from "../../engine/mod.ts";
import type { Sample, Transform } from "./transform.ts";

/** Sets channels to 0 outside the non-zero region, where the label is −1. */
export class MaskImageTransform implements Transform {
  readonly name = "MaskImageTransform";

  /** @param channels whether each channel is masked: `use_mask_for_norm` of the plans */
  constructor(readonly channels: readonly boolean[]) {}

  apply({ image, labels }: Sample): Sample {
    return { image: maskOutside(image, labels, this.channels), labels };
  }
}

/** Makes background of what lies outside. */
export class RemoveLabelTransform implements Transform {
  readonly name = "RemoveLabelTransform";
  readonly label = -1;
  readonly replacement = 0;

  apply({ image, labels }: Sample): Sample {
    return { image, labels: replaceLabel(labels, this.label, this.replacement) };
  }
}
