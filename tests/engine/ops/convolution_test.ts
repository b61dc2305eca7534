import assert from "node:assert/strict";
import fc from "fast-check";
import type { Gpu } from "../../../engine/gpu.ts";
import { convolution } from "../../../engine/ops/convolution.ts";
import { instanceNorm } from "../../../engine/ops/instance_norm.ts";
import { CONVOLUTION_ALGORITHMS } from "../../../engine/ops/convolution/chooser.ts";
import { sizeOf } from "../../../engine/shape.ts";
import * as reference from "../../reference/convolution.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";
import { vectorJacobian } from "../../support/vector_jacobian.ts";

interface Case {
  n: number;
  /** Channels of the one or two inputs. */
  channels: number[];
  outChannels: number;
  spatial: number[];
  kernel: number[];
  stride: number[];
  bias: boolean;
}

const axes = fc.constantFrom(2, 3);
const cases: fc.Arbitrary<Case> = axes.chain((count) => {
  const each = <T>(value: fc.Arbitrary<T>) =>
    fc.array(value, { minLength: count, maxLength: count });
  return fc.record({
    n: fc.integer({ min: 1, max: 2 }),
    channels: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 2 }),
    outChannels: fc.integer({ min: 1, max: 9 }),
    spatial: each(fc.integer({ min: 1, max: count === 2 ? 19 : 9 })),
    kernel: each(fc.constantFrom(1, 3)),
    stride: each(fc.constantFrom(1, 2)),
    bias: fc.boolean(),
  });
});

/** Shapes where index arithmetic goes wrong first: every extent different, channels of all remainders. */
const corners: Case[] = [
  {
    n: 2,
    channels: [6],
    outChannels: 5,
    spatial: [5, 6, 7],
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
    bias: true,
  },
  {
    n: 2,
    channels: [5, 7],
    outChannels: 9,
    spatial: [7, 6, 9],
    kernel: [1, 3, 3],
    stride: [1, 2, 2],
    bias: true,
  },
  {
    n: 1,
    channels: [8, 8],
    outChannels: 8,
    spatial: [4, 10, 17],
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
    bias: true,
  },
  {
    n: 1,
    channels: [16],
    outChannels: 20,
    spatial: [8, 10, 18],
    kernel: [3, 3, 3],
    stride: [2, 2, 2],
    bias: true,
  },
  {
    n: 3,
    channels: [17],
    outChannels: 3,
    spatial: [13, 21],
    kernel: [1, 1],
    stride: [1, 1],
    bias: true,
  },
  {
    n: 2,
    channels: [32],
    outChannels: 32,
    spatial: [3, 5, 12],
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
    bias: false,
  },
];

/** Sums of f32 products, relative to the largest value. */
const TOLERANCE = 1e-5;

async function errors(gpu: Gpu, given: Case, algorithm?: string): Promise<Record<string, number>> {
  const { n, channels, outChannels, spatial, kernel, stride } = given;
  const cin = channels.reduce((a, b) => a + b);
  const shapes = channels.map((c) => [n, c, ...spatial]);
  const xs = shapes.map((shape, i) => randomNormal(sizeOf(shape), 10 + i));
  const weightShape = [outChannels, cin, ...kernel];
  const weight = randomNormal(sizeOf(weightShape), 1);
  const bias = given.bias ? randomNormal(outChannels, 2) : undefined;
  const xShape = [n, cin, ...spatial];
  const x = concatenated(xs, n);
  const expected = reference.convolution(x, xShape, weight, weightShape, bias, stride);
  const gradY = randomNormal(expected.y.length, 3);
  const grads = reference.convolutionGradients(
    x,
    xShape,
    weight,
    weightShape,
    stride,
    gradY,
    expected.shape,
  );

  const inputs = xs.map((data, i) => gpu.featureMap(data, shapes[i]));
  const w = gpu.tensor(weight, weightShape);
  const b = bias && gpu.tensor(bias, [outChannels]);
  const parameters = [w, ...inputs, ...b ? [b] : []];
  const actual = await vectorJacobian(parameters, () => {
    const input = inputs.length === 2 ? [inputs[0], inputs[1]] as const : inputs[0];
    const y = convolution(input, w, b, { stride, algorithm });
    assert.deepEqual(y.shape, expected.shape);
    return y;
  }, gradY);
  for (const tensor of parameters) tensor.dispose();

  const [gradWeight, ...rest] = actual.grads as Float32Array[];
  return {
    y: relativeError(actual.y, expected.y),
    "grad weight": relativeError(gradWeight!, grads.weight),
    "grad x": relativeError(concatenated(rest.slice(0, channels.length), n), grads.x),
    "grad bias": b ? relativeError(rest.at(-1)!, grads.bias) : 0,
  };
}

/** Feature maps in C order side by side along the channels. */
function concatenated(maps: Float32Array[], n: number): Float32Array {
  const parts = Array.from(
    { length: n },
    (_, sample) =>
      maps.map((map) => map.subarray(sample * map.length / n, (sample + 1) * map.length / n)),
  ).flat();
  const joined = new Float32Array(maps.reduce((sum, map) => sum + map.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

async function assertEqualsReference(gpu: Gpu, given: Case, algorithm?: string): Promise<void> {
  for (const [what, error] of Object.entries(await errors(gpu, given, algorithm))) {
    assert(error <= TOLERANCE, `${what} is off by ${error} for ${JSON.stringify(given)}`);
  }
}

for (const { name } of CONVOLUTION_ALGORITHMS) {
  gpuTest(`convolution() by ${name} equals the float64 reference on chosen shapes`, async (gpu) => {
    for (const given of corners) await assertEqualsReference(gpu, given, name);
  });

  gpuTest(`convolution() by ${name} equals the float64 reference on any shape`, async (gpu) => {
    await fc.assert(
      fc.asyncProperty(cases, (given) => assertEqualsReference(gpu, given, name)),
      // the fast algorithms compile a kernel for nearly every shape, which takes a second on a processor
      { numRuns: name === "direct" ? 15 : 4, seed: 1 },
    );
  });
}

gpuTest("convolution() sums many voxels into the weight's gradient", async (gpu) => {
  await assertEqualsReference(gpu, {
    n: 1,
    channels: [1],
    outChannels: 1,
    spatial: [33, 50, 60],
    kernel: [1, 3, 1],
    stride: [1, 1, 1],
    bias: true,
  }, "direct");
});

gpuTest("convolution() before a norm gives its bias the gradient that it has, 0", async (gpu) => {
  const biasGradient = async (beforeNorm: boolean) => {
    const [x, weight, scale, shift, bias] = gpu.scope(() => [
      gpu.featureMap(randomNormal(2 * 3 * 4 * 5 * 6, 1), [2, 3, 4, 5, 6]),
      gpu.tensor(randomNormal(5 * 3 * 27, 2), [5, 3, 3, 3, 3]),
      ...[3, 4, 5].map((seed) => gpu.tensor(randomNormal(5, seed), [5])),
    ]);
    const { grads } = await vectorJacobian(
      [bias],
      () => instanceNorm(convolution(x, weight, bias, { beforeNorm }), scale, shift),
      randomNormal(2 * 5 * 4 * 5 * 6, 6),
    );
    for (const tensor of [x, weight, scale, shift, bias]) tensor.dispose();
    return grads[0]!;
  };
  assert.deepEqual(await biasGradient(true), new Float32Array(5));
  const summed = await biasGradient(false);
  assert.ok(summed.every((sum) => Math.abs(sum) < 1e-5), `${summed}`);
});

gpuTest("convolution() says which shapes do not fit", (gpu) => {
  gpu.scope(() => {
    const x = gpu.empty([1, 4, 8, 9, 10]);
    const weight = (...shape: number[]) => gpu.empty(shape, "flat");
    assert.throws(
      () => convolution(x, weight(8, 3, 3, 3, 3)),
      new TypeError(
        "Cannot convolve x [1, 4, 8, 9, 10] with weight [8, 3, 3, 3, 3]: " +
          "x has 4 channels, weight expects 3",
      ),
    );
    assert.throws(() => convolution(x, weight(8, 4, 3, 3)), /same number of axes/);
    assert.throws(() => convolution(x, weight(8, 4, 3, 5, 3)), RangeError);
    assert.throws(
      () => convolution(x, weight(8, 4, 3, 3, 3), undefined, { stride: [1, 3, 1] }),
      /stride \[1, 3, 1\] needs 3 values of 1 or 2/,
    );
    assert.throws(() => convolution(x, weight(8, 4, 1, 1, 1), weight(4)), /bias \[4\]/);
    assert.throws(
      () => convolution([x, gpu.empty([1, 4, 8, 9, 11])], weight(8, 8, 1, 1, 1)),
      /the inputs need the same batch size and spatial shape/,
    );
    assert.throws(
      () => convolution(x, weight(8, 4, 1, 1, 1), undefined, { algorithm: "none" }),
      /"none"/,
    );
  });
});
