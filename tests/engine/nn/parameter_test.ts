import assert from "node:assert/strict";
import { Convolution } from "../../../engine/nn/convolution.ts";
import { InstanceNorm } from "../../../engine/nn/instance_norm.ts";
import { allocate, heStd, namedParameters, Parameter } from "../../../engine/nn/parameter.ts";
import { gpuTest } from "../../support/gpu_test.ts";

Deno.test("namedParameters() names a parameter by the path to it, in order", () => {
  const layer = {
    blocks: [
      { conv: new Convolution(1, 2, [3, 3]), norm: new InstanceNorm(2) },
      { conv: new Convolution(2, 2, [1, 1], { bias: false }) },
    ],
    scale: new Parameter([1], { constant: 3 }),
  };
  assert.deepEqual([...namedParameters(layer).keys()], [
    "blocks.0.conv.weight",
    "blocks.0.conv.bias",
    "blocks.0.norm.weight",
    "blocks.0.norm.bias",
    "blocks.1.conv.weight",
    "scale",
  ]);
});

Deno.test("heStd() counts the fan-in as PyTorch does", () => {
  // convolution with 32 inputs, transposed convolution from 256 to 128 channels (spec 04, check 2)
  assert.equal(heStd([64, 32, 3, 3]).toFixed(7), "0.0833292");
  assert.equal(heStd([256, 128, 2, 2]).toFixed(7), "0.0624969");
});

gpuTest(
  "allocate() gives each parameter its initial values, the same for the same seed",
  async (gpu) => {
    const values = async (seed: number) => {
      const parameters = [
        new Parameter([4000], { std: 0.5 }),
        new Parameter([3], { constant: 1 }),
        new Parameter([2], { constant: 0 }),
        new Parameter([4000], { std: 0.5 }),
      ];
      assert.throws(() => parameters[0].tensor, ReferenceError);
      const memory = allocate(gpu, parameters, seed);
      const arrays = await Promise.all(parameters.map(({ tensor }) => tensor.read()));
      for (const { tensor } of parameters) tensor.dispose();
      memory.dispose();
      return arrays;
    };
    const [random, ones, zeros, further] = await values(7);
    assert.deepEqual([...ones, ...zeros], [1, 1, 1, 0, 0]);
    const std = Math.sqrt(random.reduce((sum, z) => sum + z * z, 0) / random.length);
    assert(Math.abs(std - 0.5) < 0.03);
    assert.notDeepEqual(random, further);
    assert.deepEqual((await values(7))[0], random);
    assert.notDeepEqual((await values(8))[0], random);
  },
);
