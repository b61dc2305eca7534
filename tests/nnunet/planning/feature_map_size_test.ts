import assert from "node:assert/strict";
import { architectureFor, type NetworkClass } from "../../../nnunet/planning/architecture.ts";
import { featureMapSize } from "../../../nnunet/planning/feature_map_size.ts";
import { plannerOf } from "../../../nnunet/planning/planners.ts";

/** A network with all strides 2 after the first stage, as in spec 02, check 1. */
function size(network: NetworkClass, stages: number, patch: number[]): number {
  const planner = plannerOf(
    network === "PlainConvUNet" ? "ExperimentPlanner" : "ResEncUNetPlanner",
  );
  const perStage = (value: number) => Array.from({ length: stages }, () => patch.map(() => value));
  const strides = perStage(2);
  strides[0] = patch.map(() => 1);
  const architecture = architectureFor(network, {
    strides,
    kernelSizes: perStage(3),
    baseFeatures: 32,
    maxFeatures: patch.length === 2 ? 512 : 320,
    encoderStages: planner.encoderStages.slice(0, stages),
    decoderStages: planner.decoderStages.slice(0, stages - 1),
  });
  return featureMapSize(architecture, patch, 3);
}

Deno.test("featureMapSize() counts what nnU-Net's networks count", () => {
  assert.equal(size("PlainConvUNet", 6, [128, 128, 128]), 452_796_416);
  assert.equal(size("PlainConvUNet", 4, [40, 56, 40]), 19_174_400);
  assert.equal(size("PlainConvUNet", 8, [512, 512]), 82_886_656);
  assert.equal(size("PlainConvUNet", 4, [56, 40]), 651_840);
  assert.equal(size("ResidualEncoderUNet", 6, [128, 128, 128]), 557_420_544);
  assert.equal(size("ResidualEncoderUNet", 7, [512, 512]), 129_531_904);
  assert.equal(size("ResidualEncoderUNet", 4, [40, 56, 40]), 23_609_600);
});
