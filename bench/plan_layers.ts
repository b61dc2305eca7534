import type { Gpu } from "../engine/mod.ts";
import type { Configuration } from "../nnunet/plans.ts";
import type { Case, Remainder } from "./case.ts";
import { convolution, convTranspose, type Layer, PASSES } from "./convolutions.ts";
import { BATCH, CLASSES, configurations } from "./networks.ts";

interface PlanLayer extends Layer {
  transposed?: boolean;
  /** How often a training step has it; two inputs count as two layers. */
  count: number;
}

/** Rates of the convolutions of the standard plan together, by pass. */
export function weightedCases(gpu: Gpu): Case[] {
  const layers = planLayers(configurations()["3d"]).filter(({ transposed }) => !transposed);
  return PASSES.map(([, name]) => together(`${name}_weighted`, passes(gpu, layers, name)));
}

/** What is left of a training step without its convolutions, transposed ones included. */
export function nonConvolutionShares(gpu: Gpu, cases: readonly Case[]): Remainder[] {
  return Object.entries(configurations()).map(([name, configuration]) => ({
    name: `non_convolution_share_${name}`,
    whole: cases.find((step) => step.name === `train_step_${name}`)!,
    part: together(
      `convolutions_${name}`,
      PASSES.flatMap(([, pass]) => passes(gpu, planLayers(configuration), pass)),
    ),
  }));
}

/** One pass of every layer that needs it: nobody asks for the gradient of the image. */
function passes(gpu: Gpu, layers: readonly PlanLayer[], passName: string): [Case, number][] {
  const [pass] = PASSES.find(([, name]) => name === passName)!;
  return layers.flatMap((layer) =>
    pass === "gradInput" && layer === layers[0] ? [] : [[
      (layer.transposed ? convTranspose : convolution)(gpu, layer, pass, passName),
      layer.count,
    ]]
  );
}

/** Several cases as one, each as often as given. */
function together(name: string, cases: readonly [Case, number][]): Case {
  return {
    name,
    operations: cases.reduce((sum, [{ operations = 0 }, count]) => sum + operations * count, 0),
    prepare(gpu, use) {
      const prepareFrom = (i: number, record: () => void): Promise<void> => {
        if (i === cases.length) return use(record);
        const [{ prepare }, count] = cases[i];
        return prepare(gpu, (recordOne) =>
          prepareFrom(i + 1, () => {
            record();
            for (let run = 0; run < count; run++) gpu.scope(recordOne);
          }));
      };
      return prepareFrom(0, () => {});
    },
  };
}

/** The convolutions of a plan, the one of the image first. */
function planLayers({ architecture, patch_size }: Configuration): PlanLayer[] {
  const { features_per_stage, kernel_sizes, strides, ...counts } = architecture.arch_kwargs;
  const { n_conv_per_stage = [], n_conv_per_stage_decoder } = counts;
  const layers: PlanLayer[] = [];
  let spatial = patch_size;
  let below = 1;
  features_per_stage.forEach((features, stage) => {
    const kernel = kernel_sizes[stage];
    const stride = strides[stage];
    const inner = { n: BATCH, kernel };
    layers.push({ ...inner, channels: [below, features], spatial, stride, count: 1 });
    spatial = spatial.map((extent, axis) => extent / stride[axis]);
    below = features;
    // The decoder's first convolution also reads the skip connection.
    const decoder = n_conv_per_stage_decoder[stage];
    const same = n_conv_per_stage[stage] - 1 + (decoder === undefined ? 0 : decoder + 1);
    layers.push({ ...inner, channels: [features, features], spatial, count: same });
    if (decoder === undefined) return;
    const next = strides[stage + 1];
    layers.push({
      n: BATCH,
      channels: [features_per_stage[stage + 1], features],
      spatial: spatial.map((extent, axis) => extent / next[axis]),
      kernel: next,
      transposed: true,
      count: 1,
    });
    layers.push({
      n: BATCH,
      channels: [features, CLASSES],
      spatial,
      kernel: kernel.map(() => 1),
      count: 1,
    });
  });
  return layers;
}
