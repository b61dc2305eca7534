import assert from "node:assert/strict";
import { DataError } from "../../../nnunet/errors.ts";
import { polyLearningRate, trainerSettings } from "../../../nnunet/training/trainer_settings.ts";

Deno.test("the learning rate falls as nnU-Net's (spec 05, check 1)", () => {
  const settings = trainerSettings("nnUNetTrainer");
  const expected = {
    0: 0.01,
    1: 0.009990999549834914,
    10: 0.009909954834128341,
    500: 0.005358867312681466,
    999: 1.995262314968881e-05,
  };
  for (const [epoch, rate] of Object.entries(expected)) {
    assert.ok(Math.abs(polyLearningRate(Number(epoch), settings) / rate - 1) < 1e-12);
  }
});

Deno.test("trainer names set epochs and mirroring; unknown ones are refused with the list", () => {
  assert.equal(trainerSettings("nnUNetTrainer_1epoch").epochs, 1);
  assert.equal(trainerSettings("nnUNetTrainer_2000epochs_NoMirroring").mirroring, false);
  assert.throws(() => trainerSettings("nnUNetTrainerFoo"), DataError);
});
