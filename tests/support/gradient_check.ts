import assert from "node:assert/strict";
import type { Tensor } from "../../engine/tensor.ts";
import { randomNormal } from "./arrays.ts";
import { vectorJacobian } from "./vector_jacobian.ts";

/** In float32 a smaller step is worse: the difference drowns in rounding. */
const STEP = 1e-2;

/**
 * Compares the gradients of `fn` with the change of its result in one random direction of its inputs
 * and one of its outputs.
 *
 * @param inputs tensors of these are made, in order
 * @param limit of the difference, relative to the change itself
 */
export async function checkGradients(
  inputs: { data: Float32Array; make: (data: Float32Array) => Tensor }[],
  fn: (tensors: Tensor[]) => Tensor,
  limit = 1e-3,
): Promise<void> {
  const direction = inputs.map(({ data }, i) => randomNormal(data.length, 100 + i));
  const run = async (step: number, gradY?: Float32Array) => {
    const tensors = inputs.map(({ data, make }, i) =>
      make(data.map((value, j) => value + step * direction[i][j]))
    );
    const result = gradY
      ? await vectorJacobian(tensors, () => fn(tensors), gradY)
      : { y: await readAndFree(fn(tensors)), grads: [] };
    for (const tensor of tensors) tensor.dispose();
    return result;
  };
  const [after, before] = [await run(STEP), await run(-STEP)];
  const weights = randomNormal(after.y.length, 99);
  const change = dot(weights, after.y.map((value, i) => value - before.y[i])) / (2 * STEP);
  const { grads } = await run(0, weights);
  const predicted = grads.reduce((sum, grad, i) => sum + dot(grad!, direction[i]), 0);
  const error = Math.abs(change - predicted) / Math.max(Math.abs(change), 1e-6);
  assert.ok(error <= limit, `the result changes by ${change}, its gradient says ${predicted}`);
}

async function readAndFree(tensor: Tensor): Promise<Float32Array> {
  const values = await tensor.read();
  tensor.dispose();
  return values;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
