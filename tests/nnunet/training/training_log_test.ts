import assert from "node:assert/strict";
import { movingAverage, pseudoDice } from "../../../nnunet/training/training_log.ts";

Deno.test("the pseudo Dice leaves out classes that do not occur (spec 05, check 17)", () => {
  const { perClass, mean } = pseudoDice([[15, 3, 3], [0, 0, 0]]);
  assert.ok(Math.abs(perClass[0] - 0.833333) < 1e-6);
  assert.ok(Number.isNaN(perClass[1]));
  assert.equal(mean, perClass[0]);
});

Deno.test("the moving average survives an epoch without any class", () => {
  let average: number | undefined;
  const averages = [0.3, 0.5, NaN, 0.7].map((dice) => average = movingAverage(average, dice));
  assert.deepEqual(averages.map((value) => value.toFixed(3)), ["0.300", "0.320", "0.320", "0.358"]);
});
