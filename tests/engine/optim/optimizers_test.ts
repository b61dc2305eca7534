import assert from "node:assert/strict";
import { AdamW } from "../../../engine/optim/adamw.ts";
import { clipGradNorm } from "../../../engine/optim/clip_grad_norm.ts";
import { gather } from "../../../engine/optim/gather.ts";
import { Sgd } from "../../../engine/optim/sgd.ts";
import type { Gpu } from "../../../engine/gpu.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { randomNormal, relativeError } from "../../support/arrays.ts";
import { gpuTest } from "../../support/gpu_test.ts";

const SHAPES = [[3, 2, 3, 3], [3], [70, 65], [2]];
/** The third parameter has no gradient. */
const GRADS = [0, 1, 3];
const sizes = SHAPES.map((shape) => shape.reduce((a, b) => a * b));
const start = sizes.map((size, i) => randomNormal(size, i));
const gradsOf = (step: number) => sizes.map((size, i) => randomNormal(size, 10 * step + i));

/** Runs steps on the device, with parameters and gradients of either kind of memory. */
async function run(
  gpu: Gpu,
  inArenas: boolean,
  make: (parameters: Tensor[]) => Sgd | AdamW,
): Promise<Float32Array[]> {
  const { whole, parts } = gpu.arena(SHAPES);
  const parameters = inArenas ? parts : SHAPES.map((shape) => gpu.zeros(shape));
  parameters.forEach((parameter, i) => gpu.write(parameter, start[i]));
  const optimizer = make(parameters);
  for (let step = 1; step <= 3; step++) {
    gpu.scope(() => {
      const grads = gradsOf(step).map((grad, i) =>
        GRADS.includes(i) ? gpu.tensor(grad, SHAPES[i]) : undefined
      );
      optimizer.step(inArenas ? gather(grads) : grads, { lr: 0.1 / step });
    });
  }
  const read = await Promise.all(parameters.map((parameter) => parameter.read()));
  optimizer.dispose();
  for (const tensor of [...parts, whole]) tensor.dispose();
  if (!inArenas) { for (const tensor of parameters) tensor.dispose(); }
  return read;
}

function check(actual: Float32Array[], update: (p: number[], i: number) => void) {
  actual.forEach((values, i) => {
    const expected = Array.from(start[i]);
    if (GRADS.includes(i)) update(expected, i);
    assert.ok(relativeError(values, expected) <= 1e-6, `parameter ${i}`);
  });
  assert.deepEqual(actual[2], start[2], "no gradient, no change");
}

for (const inArenas of [true, false]) {
  const where = inArenas ? "parameters in an arena" : "parameters on their own";

  gpuTest(`Sgd follows PyTorch's rule, ${where}`, async (gpu) => {
    const options = { momentum: 0.9, nesterov: true, weightDecay: 0.01 };
    const actual = await run(gpu, inArenas, (parameters) => new Sgd(parameters, options));
    check(actual, (p, i) => {
      const b = p.map(() => 0);
      for (let step = 1; step <= 3; step++) {
        gradsOf(step)[i].forEach((grad, j) => {
          const g = grad + 0.01 * p[j];
          b[j] = step === 1 ? g : 0.9 * b[j] + g;
          p[j] -= 0.1 / step * (g + 0.9 * b[j]);
        });
      }
    });
  });

  gpuTest(`AdamW follows PyTorch's rule, ${where}`, async (gpu) => {
    const actual = await run(gpu, inArenas, (parameters) => new AdamW(parameters));
    check(actual, (p, i) => {
      const [m, v] = [p.map(() => 0), p.map(() => 0)];
      for (let step = 1; step <= 3; step++) {
        const lr = 0.1 / step;
        gradsOf(step)[i].forEach((g, j) => {
          m[j] = 0.9 * m[j] + 0.1 * g;
          v[j] = 0.999 * v[j] + 0.001 * g * g;
          p[j] *= 1 - lr * 0.01;
          p[j] -= lr * (m[j] / (1 - 0.9 ** step)) /
            (Math.sqrt(v[j] / (1 - 0.999 ** step)) + 1e-8);
        });
      }
    });
  });

  gpuTest(`clipGradNorm() scales by the norm of all gradients, ${where}`, async (gpu) => {
    const values = gradsOf(1);
    for (const maxNorm of [1.5, 1e3]) {
      const made = values.map((grad, i) => i === 2 ? undefined : gpu.tensor(grad, SHAPES[i]));
      const grads = inArenas ? gather(made) : made;
      const norm = clipGradNorm(grads, maxNorm);
      const all = GRADS.flatMap((i) => Array.from(values[i]));
      const expected = Math.hypot(...all);
      assert.ok(Math.abs((await norm.read())[0] - expected) <= 1e-6 * expected);
      for (const i of GRADS) {
        const scale = Math.min(1, maxNorm / (expected + 1e-6));
        assert.ok(relativeError(await grads[i]!.read(), values[i].map((g) => g * scale)) <= 1e-6);
      }
      for (const tensor of [norm, ...new Set([...grads, ...made])]) tensor?.dispose();
    }
  });
}

gpuTest("Sgd without Nesterov momentum, then continued from its momenta", async (gpu) => {
  const parameter = gpu.tensor([1, -2], [2]);
  const grads = [[0.5, 1], [0.25, -0.5]].map((grad) => gpu.tensor(grad, [2]));
  const first = new Sgd([parameter], { momentum: 0.5 });
  assert.equal(first.momenta[0], undefined);
  first.step([grads[0]], { lr: 0.1 });
  const second = new Sgd([parameter], { momentum: 0.5 });
  second.restore([await first.momenta[0]!.read()]);
  second.step([grads[1]], { lr: 0.1 });
  // b = g1, then 0.5 g1 + g2
  assert.ok(relativeError(await parameter.read(), [1 - 0.05 - 0.05, -2 - 0.1 + 0]) <= 1e-6);
  first.dispose();
  second.dispose();
  for (const tensor of [parameter, ...grads]) tensor.dispose();
});

gpuTest("the optimizers refuse gradients of other parameters", (gpu) => {
  const [two, three] = [gpu.zeros([2]), gpu.zeros([3])];
  const sgd = new Sgd([two]);
  assert.throws(() => sgd.step([], { lr: 1 }), /Cannot update 1 parameters: 0 gradients/);
  assert.throws(() => sgd.step([three], { lr: 1 }), /parameter 0 \[2\]: its gradient is \[3\]/);
  assert.throws(() => clipGradNorm([undefined], 1), /there are none/);
  sgd.dispose();
  for (const tensor of [two, three]) tensor.dispose();
});
