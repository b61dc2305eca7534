import assert from "node:assert/strict";
import { convolution } from "../../../engine/ops/convolution.ts";
import type { ConvolutionShape } from "../../../engine/ops/convolution/algorithm.ts";
import {
  convolutionChoices,
  recordConvolutions,
  tuneConvolutions,
  useConvolutionChoices,
} from "../../../engine/ops/convolution/choices.ts";
import { chooseConvolution } from "../../../engine/ops/convolution/chooser.ts";
import { convTranspose } from "../../../engine/ops/conv_transpose.ts";
import { crossEntropyDice } from "../../../engine/ops/cross_entropy_dice.ts";
import { valueAndGrad } from "../../../engine/value_and_grad.ts";
import { gpuTest } from "../../support/gpu_test.ts";

gpuTest("convolutions are recorded, measured once and kept", async (gpu) => {
  const step = () => {
    const x = gpu.empty([1, 64, 24, 24]);
    const weight = gpu.empty([64, 64, 1, 1], "flat");
    const up = gpu.empty([64, 64, 1, 2], "flat");
    const toy = gpu.empty([1, 64, 1, 1], "flat");
    convTranspose(convolution(convolution(x, weight), weight), up);
    convolution(x, toy);
  };
  const works = recordConvolutions(gpu, step);
  assert.deepEqual(works.map(({ name }) => name), [
    "forward 1x64x1x24x24 -> 64, kernel 1x1x1, stride 1x1x1",
    "transposed 1x64x1x24x24 -> 64, kernel 1x1x2",
  ]);
  for (const { algorithms } of works) assert(algorithms.length > 1);

  const done: number[] = [];
  await tuneConvolutions(gpu, works, (count) => done.push(count));
  assert.deepEqual(done, [1, 2]);
  const kept = convolutionChoices(gpu);
  for (const { name, algorithms } of works) {
    const { algorithm, milliseconds } = kept.choices[name];
    assert.deepEqual(Object.keys(milliseconds), algorithms.map(({ name }) => name));
    assert.equal(milliseconds[algorithm], Math.min(...Object.values(milliseconds)));
  }
  await tuneConvolutions(gpu, recordConvolutions(gpu, step));
  assert.deepEqual(convolutionChoices(gpu), kept);
});

gpuTest("recordConvolutions() lists the passes of a training step, each once", (gpu) => {
  gpu.scope(() => {
    const x = gpu.zeros([1, 64, 24, 24], "packed");
    const weight = gpu.zeros([64, 64, 1, 1]);
    const labels = gpu.zeros([1, 1, 24, 24]);
    const works = recordConvolutions(gpu, () => {
      valueAndGrad([weight], () => {
        const logits = convolution(convolution(x, weight), weight);
        return crossEntropyDice(logits, labels);
      });
    });
    const layer = "1x64x1x24x24 -> 64, kernel 1x1x1, stride 1x1x1";
    assert.deepEqual(
      works.map(({ name }) => name).sort(),
      [`forward ${layer}`, `gradInput ${layer}`, `gradWeight ${layer}`],
    );
  });
});

gpuTest("kept choices are used on their adapter only", (gpu) => {
  const shape: ConvolutionShape = {
    n: 1,
    inChannels: 48,
    inChannelOffset: 0,
    weightInChannels: 48,
    outChannels: 48,
    input: { d: 8, h: 9, w: 10 },
    output: { d: 8, h: 9, w: 10 },
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
  };
  const chosen = () => chooseConvolution(gpu, shape, "gradInput").name;
  const byRule = chosen();
  const { adapter } = convolutionChoices(gpu);
  const name = "gradInput 1x48x8x9x10 -> 48, kernel 3x3x3, stride 1x1x1";
  const choices = { [name]: { algorithm: "direct", milliseconds: { tiled: 2, direct: 1 } } };
  assert.equal(useConvolutionChoices(gpu, { adapter: `${adapter}, another`, choices }), false);
  assert.equal(chosen(), byRule);
  const text = JSON.stringify({ adapter, choices });
  assert.equal(useConvolutionChoices(gpu, JSON.parse(text)), true);
  assert.equal(chosen(), "direct");
  assert.equal(chooseConvolution(gpu, shape, "gradInput", "tiled").name, "tiled");
  choices[name].algorithm = "one of an older version";
  useConvolutionChoices(gpu, { adapter, choices });
  assert.equal(chosen(), byRule);
});
