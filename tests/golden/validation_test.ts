import assert from "node:assert/strict";
import { crossEntropyDice } from "../../engine/ops/cross_entropy_dice.ts";
import { segmentationCounts } from "../../engine/ops/segmentation_counts.ts";
import { weightedSum } from "../../engine/ops/weighted_sum.ts";
import { movingAverage, pseudoDice } from "../../nnunet/training/training_log.ts";
import {
  type GoldenTensor,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";
import { goldenGpuTest } from "../support/golden_gpu.ts";
import { testGpu } from "../support/gpu_test.ts";

interface Batch {
  loss: number;
  tp_hard: number[];
  fp_hard: number[];
  fn_hard: number[];
}

interface Case {
  index: number;
  name: string;
  regions: unknown;
  ignore_label: number | null;
  batch_dice: boolean;
  deep_supervision_weights: number[];
  epochs: {
    batches: Batch[];
    dice_per_class_or_region: (number | null)[];
    mean_fg_dice: number | null;
    ema_fg_dice: number | null;
    val_loss: number;
  }[];
}

goldenGpuTest(
  "training",
  "online validation: counts, losses, pseudo Dice, its average",
  async () => {
    const tensors = readSafetensors("training", "validation.safetensors");
    const cases: Case[] = readGoldenJson("training", "validation.json").cases;
    const worst = { loss: 0, dice: 0 };
    let skipped = 0;
    for (const item of cases) {
      if (item.regions) {
        skipped++;
        continue;
      }
      let average: number | undefined;
      for (const [e, epoch] of item.epochs.entries()) {
        const losses: number[] = [];
        const sums: [number, number, number][] = epoch.batches[0].tp_hard.map(() => [0, 0, 0]);
        for (const [b, expected] of epoch.batches.entries()) {
          const { loss, counts } = await validate(item, `${item.index}/${e}/${b}`, tensors);
          worst.loss = Math.max(worst.loss, Math.abs(loss - expected.loss));
          losses.push(loss);
          const { tp_hard, fp_hard, fn_hard } = expected;
          assert.deepEqual(counts, tp_hard.map((tp, c) => [tp, fp_hard[c], fn_hard[c]]), item.name);
          counts.forEach((of, c) => of.forEach((count, kind) => sums[c][kind] += count));
        }
        const { perClass, mean } = pseudoDice(sums);
        average = movingAverage(average, mean);
        const reached = [...perClass, mean, average];
        const wanted = [...epoch.dice_per_class_or_region, epoch.mean_fg_dice, epoch.ema_fg_dice];
        wanted.forEach((value, i) => {
          assert.equal(Number.isNaN(reached[i]), value === null, item.name);
          if (value !== null) worst.dice = Math.max(worst.dice, Math.abs(reached[i] - value));
        });
        const meanLoss = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
        worst.loss = Math.max(worst.loss, Math.abs(meanLoss - epoch.val_loss));
      }
    }
    reportWorst("training", "validation loss", worst.loss, 1e-5);
    reportWorst("training", "pseudo Dice", worst.dice, 1e-6);
    if (skipped) {
      // deno-lint-ignore no-console
      console.log(`    training: ${skipped} cases with regions skipped: no loss for them yet`);
    }
    assert.ok(worst.loss <= 1e-5 && worst.dice <= 1e-6);
  },
);

/** Loss and foreground counts of one batch. */
async function validate(item: Case, key: string, tensors: Map<string, GoldenTensor>) {
  const gpu = testGpu();
  const options = { batchDice: item.batch_dice, ignoreLabel: item.ignore_label ?? undefined };
  const weights = item.deep_supervision_weights;
  const used = weights.flatMap((weight, k) => weight === 0 ? [] : [k]);
  const { loss, counts } = gpu.scope(() => {
    const levels = used.map((k) => {
      const logits = tensors.get(`${key}/logits/${k}`)!;
      const target = tensors.get(`${key}/target/${k}`)!;
      return {
        logits: gpu.featureMap(logits.data, logits.shape),
        target: gpu.tensor(target.data, target.shape),
      };
    });
    return {
      loss: weightedSum(
        levels.map(({ logits, target }) => crossEntropyDice(logits, target, options)),
        used.map((k) => weights[k]),
      ),
      counts: segmentationCounts(levels[0].logits, levels[0].target, options),
    };
  });
  const [value, flat] = [(await loss.read())[0], await counts.read()];
  for (const tensor of [loss, counts]) tensor.dispose();
  const ofClass = (c: number) => [...flat.subarray(3 * c, 3 * c + 3)];
  const foreground = Array.from({ length: flat.length / 3 - 1 }, (_, c) => ofClass(c + 1));
  return { loss: value, counts: foreground };
}
