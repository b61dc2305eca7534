import * as v from "valibot";
import { DataError } from "./errors.ts";
import { describeIssue, integer } from "./json_file.ts";
import type { Architecture } from "./plans.ts";
import { architectureFor, type NetworkClass } from "./planning/architecture.ts";

const perStage = v.array(integer);
const perStageAndAxis = v.array(v.array(integer));

/** Keys that described the network before `architecture` did. */
const schema = v.looseObject({
  UNet_class_name: v.picklist(["PlainConvUNet", "ResidualEncoderUNet"]),
  UNet_base_num_features: integer,
  unet_max_num_features: integer,
  n_conv_per_stage_encoder: perStage,
  n_conv_per_stage_decoder: perStage,
  pool_op_kernel_sizes: perStageAndAxis,
  conv_kernel_sizes: perStageAndAxis,
});

/**
 * The `architecture` that nnU-Net's `ConfigurationManager` makes of a configuration in the format of
 * nnU-Net 2.0 to 2.3 (spec 02, section 9).
 *
 * @param name of the configuration, for messages
 * @throws {DataError} when the older keys are incomplete too
 */
export function oldPlansArchitecture(configuration: object, name: string): Architecture {
  const result = v.safeParse(schema, configuration);
  if (!result.success) {
    const issue = result.issues[0];
    throw new DataError(
      `Cannot use configuration "${name}": it has no "architecture", and of the older keys ` +
        `"${v.getDotPath(issue)}": ${describeIssue(issue)}, plan again`,
    );
  }
  const old = result.output;
  return architectureFor(old.UNet_class_name as NetworkClass, {
    strides: old.pool_op_kernel_sizes,
    kernelSizes: old.conv_kernel_sizes,
    baseFeatures: old.UNet_base_num_features,
    maxFeatures: old.unet_max_num_features,
    encoderStages: old.n_conv_per_stage_encoder,
    decoderStages: old.n_conv_per_stage_decoder,
  });
}
