import source from "../../shaders/weighted_sum.wgsl" with { type: "text" };
import { Kernel } from "../kernel.ts";
import type { Tensor } from "../tensor.ts";

const addTerm = new Kernel("weighted_sum", source, "add_term");

/**
 * Returns the sum of `weights[i] * values[i]` over scalars `[1]`: the losses of deep supervision.
 *
 * @throws {TypeError} if there are no values, a value is not a scalar or lacks a weight.
 */
export function weightedSum(values: readonly Tensor[], weights: readonly number[]): Tensor {
  if (!values.length || values.length !== weights.length || values.some(({ size }) => size !== 1)) {
    throw new TypeError(
      `Cannot sum ${values.length} values with ${weights.length} weights: ` +
        "need as many scalars [1] as weights, and at least one",
    );
  }
  const { gpu } = values[0];
  const add = (x: Tensor, weight: number, y: Tensor, first: boolean) =>
    gpu.dispatch(addTerm, { params: { weight, first: Number(first) }, buffers: { x, y } });
  const sum = gpu.empty([1], "flat");
  values.forEach((value, i) => add(value, weights[i], sum, i === 0));
  return gpu.record(sum, {
    inputs: Object.fromEntries(values.entries()),
    backward: (gradSum) =>
      Object.fromEntries(values.map((_, i) => [i, () => {
        const grad = gpu.empty([1], "flat");
        add(gradSum, weights[i], grad, true);
        return grad;
      }])),
  });
}
