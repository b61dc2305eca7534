import assert from "node:assert/strict";
import {
  crossEntropyDice,
  type CrossEntropyDiceOptions,
} from "../../engine/ops/cross_entropy_dice.ts";
import { weightedSum } from "../../engine/ops/weighted_sum.ts";
import { valueAndGrad } from "../../engine/value_and_grad.ts";
import { relativeError } from "../support/arrays.ts";
import { readGoldenJson, readSafetensors, reportWorst } from "../support/golden.ts";
import { goldenGpuTest } from "../support/golden_gpu.ts";
import { testGpu } from "../support/gpu_test.ts";

interface Case {
  index: number;
  note: string;
  loss: string;
  batch_dice: boolean;
  ignore_label: number | null;
  smooth: number;
  weights: number[];
  loss_value: number;
  levels: { ce?: number; dice?: number }[];
}

/** The losses that one op covers, as weights of its two terms. */
const TERMS: Record<string, Pick<CrossEntropyDiceOptions, "weightCrossEntropy" | "weightDice">> = {
  ce: {},
  dice: { weightCrossEntropy: 0 },
  ce_only: { weightDice: 0 },
};

goldenGpuTest("loss", "cross entropy + Dice, value and gradients", async () => {
  const gpu = testGpu();
  const tensors = readSafetensors("loss", "cases.safetensors");
  const cases: Case[] = readGoldenJson("loss", "cases.json").cases;
  const worst = { value: 0, gradient: 0, "gradient of large logits": 0 };
  const skipped: Record<string, number> = {};
  for (const { index, note, loss, ...options } of cases) {
    const terms = TERMS[loss.replace(/_nosmooth$/, "")];
    if (!terms) {
      skipped[loss] = (skipped[loss] ?? 0) + 1;
      continue;
    }
    const { weights, levels } = options;
    const name = `case ${index} (${note})`;
    const all: CrossEntropyDiceOptions = {
      ...terms,
      batchDice: options.batch_dice,
      ignoreLabel: options.ignore_label ?? undefined,
      smooth: options.smooth,
    };
    const used = weights.flatMap((weight, k) => weight === 0 ? [] : [k]);
    const logits = used.map((k) => {
      const { data, shape } = tensors.get(`${index}/logits/${k}`)!;
      return gpu.featureMap(data, shape);
    });
    const targets = used.map((k) => {
      const { data, shape } = tensors.get(`${index}/target/${k}`)!;
      return gpu.tensor(data, shape);
    });
    const { value, grads } = valueAndGrad(logits, () =>
      weightedSum(
        logits.map((level, i) => crossEntropyDice(level, targets[i], all)),
        used.map((k) => weights[k]),
      ));
    const close = (actual: number, expected: number) => {
      const error = Math.abs(actual - expected);
      const ofLimit = error / Math.max(2e-6, 1e-5 * Math.abs(expected));
      worst.value = Math.max(worst.value, ofLimit);
      assert.ok(ofLimit <= 1, `${name}: ${actual}, expected ${expected}`);
    };
    close((await value.read())[0], options.loss_value);
    for (const [i, k] of used.entries()) {
      const grad = await grads[i]!.read();
      const error = relativeError(grad, tensors.get(`${index}/grad/${k}`)!.data);
      const large = Math.max(...tensors.get(`${index}/logits/${k}`)!.data.map(Math.abs)) > 30;
      const kind = large ? "gradient of large logits" : "gradient";
      worst[kind] = Math.max(worst[kind], error);
      assert.ok(error <= (large ? 1e-4 : 1e-5), `${name}, gradient ${k}: ${error}`);
      for (const [term, expected] of Object.entries(levels[k])) {
        if (typeof expected !== "number" || (term !== "ce" && term !== "dice")) continue;
        const alone = crossEntropyDice(logits[i], targets[i], {
          ...all,
          weightCrossEntropy: Number(term === "ce"),
          weightDice: Number(term === "dice"),
        });
        close((await alone.read())[0], expected);
        alone.dispose();
      }
    }
    for (const tensor of [...logits, ...targets, ...grads, value]) tensor?.dispose();
  }
  reportWorst("loss", "value, in tolerances of 1e-5 relative or 2e-6", worst.value, 1);
  reportWorst("loss", "gradient", worst.gradient, 1e-5);
  reportWorst("loss", "gradient of large logits", worst["gradient of large logits"], 1e-4);
  for (const [loss, count] of Object.entries(skipped)) {
    // deno-lint-ignore no-console
    console.log(`    loss: ${count} cases of "${loss}" skipped: no such loss here yet`);
  }
});
