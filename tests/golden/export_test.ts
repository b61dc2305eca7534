import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { DenoStore } from "../../cli/deno_store.ts";
import { parseDatasetJson } from "../../nnunet/dataset.ts";
import { determineReader, readSeg } from "../../nnunet/imageio/mod.ts";
import {
  type ExportSettings,
  probabilitiesFromLogits,
  segmentationFromLogits,
} from "../../nnunet/inference/export.ts";
import { LabelManager } from "../../nnunet/labels.ts";
import { readNpz } from "../../nnunet/npy.ts";
import { getConfiguration, parsePlans } from "../../nnunet/plans.ts";
import type { Shape4 } from "../../nnunet/preprocessing/crop.ts";
import {
  goldenNames,
  goldenPath,
  goldenTest,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";

/** Float16 logits are resampled to float16 by nnU-Net, here they stay float32. */
const LIMIT = { F32: 1e-5, F16: 2e-3 };

async function settings(store: DenoStore, model: string, name: string): Promise<[
  ExportSettings,
  string,
]> {
  const text = async (path: string) => new TextDecoder().decode(await store.read(path));
  const path = `${model}/dataset.json`;
  const dataset = parseDatasetJson(await text(path), path);
  const plans = parsePlans(await text(`${model}/plans.json`), `${model}/plans.json`);
  const configuration = getConfiguration(plans, name);
  return [{
    labels: new LabelManager(dataset),
    spacing: configuration.spacing,
    transposeForward: plans.transpose_forward,
    transposeBackward: plans.transpose_backward,
    resamplingFunction: configuration.resampling_fn_probabilities,
    resampling: configuration.resampling_fn_probabilities_kwargs,
  }, dataset.file_ending];
}

/** Distance between the two best probabilities of a voxel, or from one half with regions. */
function margin(probabilities: Float32Array, voxels: number, voxel: number, regions: boolean) {
  const values: number[] = [];
  for (let i = voxel; i < probabilities.length; i += voxels) values.push(probabilities[i]);
  if (regions) return Math.min(...values.map((value) => Math.abs(value - 0.5)));
  const [best, second] = values.sort((a, b) => b - a);
  return best - second;
}

for (const set of goldenNames("ensemble")) {
  if (!existsSync(goldenPath("ensemble", set, "logits.json"))) continue;
  goldenTest("ensemble", `exports the logits of ${set}`, async () => {
    const store = new DenoStore(goldenPath("ensemble", set));
    const tensors = readSafetensors("ensemble", set, "logits.safetensors");
    const worst = { F32: 0, F16: 0 };
    for (
      const [name, properties] of Object.entries(readGoldenJson("ensemble", set, "logits.json"))
    ) {
      const { shape, data, ...tensor } = tensors.get(name)!;
      const dtype = tensor.dtype as keyof typeof LIMIT;
      const logits = dtype === "F16"
        ? Float32Array.from(new Float16Array((data as Uint16Array).slice().buffer))
        : data as Float32Array;
      const [model] = name.split("/");
      // deno-lint-ignore no-explicit-any
      const props = properties as any;
      const [how, ending] = await settings(store, model, props.configuration);
      const actual = probabilitiesFromLogits(logits, shape as Shape4, props, how);
      const expected = (await readNpz(store, `${name}.npz`)).get("probabilities")!;
      assert.deepEqual([expected.shape[0], ...actual.shape], [...expected.shape], name);

      const limit = LIMIT[dtype];
      for (let i = 0; i < actual.probabilities.length; i++) {
        const deviation = Math.abs(actual.probabilities[i] - Number(expected.data[i]));
        worst[dtype] = Math.max(worst[dtype], deviation);
      }
      assert.ok(
        worst[dtype] <= limit,
        `${name}: ${worst[dtype]}`,
      );

      const reader = await determineReader(ending, name + ending, store);
      const { data: labels } = await readSeg(store, reader, name + ending);
      const alone = segmentationFromLogits(logits, shape as Shape4, props, how);
      const voxels = labels.length;
      for (const decided of [actual.labels, alone.labels]) {
        for (let i = 0; i < voxels; i++) {
          if (decided[i] === labels[i]) continue;
          const close = margin(expected.data as Float32Array, voxels, i, how.labels.hasRegions);
          assert.ok(close <= 2 * limit, `${name}: voxel ${i} is ${decided[i]}, not ${labels[i]}`);
        }
      }
    }
    reportWorst(`ensemble/${set}`, "probability from f32 logits", worst.F32, LIMIT.F32);
    reportWorst(`ensemble/${set}`, "probability from f16 logits", worst.F16, LIMIT.F16);
  });
}
