import type { Gpu } from "../gpu.ts";
import { fillNormal } from "../ops/random_normal.ts";
import { formatShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** What a parameter holds before training: normally distributed numbers, or one number. */
export type Initial = { std: number } | { constant: number };

/**
 * A tensor that training changes. A layer declares its parameters; {@linkcode allocate} gives them
 * memory once all of a network's are known.
 */
export class Parameter {
  #tensor: Tensor | undefined;

  constructor(readonly shape: Shape, public initial: Initial) {}

  /**
   * The memory.
   *
   * @throws {ReferenceError} before {@linkcode allocate}.
   */
  get tensor(): Tensor {
    if (!this.#tensor) {
      throw new ReferenceError(
        `Cannot use parameter ${formatShape(this.shape)}: allocate it first`,
      );
    }
    return this.#tensor;
  }

  /** @ignore Set by {@linkcode allocate}. */
  set tensor(tensor: Tensor) {
    this.#tensor = tensor;
  }
}

/**
 * All parameters below a layer by name: the path of fields and indices that leads to them, in the order
 * in which the fields were set, e.g. `stages.0.1.conv.weight`. As PyTorch's `named_parameters`.
 */
export function namedParameters(
  layer: object,
  prefix = "",
  found: Map<string, Parameter> = new Map(),
): Map<string, Parameter> {
  for (const [name, field] of Object.entries(layer)) {
    if (field instanceof Parameter) found.set(prefix + name, field);
    else if (field && typeof field === "object") namedParameters(field, `${prefix}${name}.`, found);
  }
  return found;
}

/**
 * Gives parameters their memory, all in one piece, and their initial values.
 *
 * @param seed of the random values; each parameter draws from a stream of its own
 * @returns the piece that spans them all
 */
export function allocate(gpu: Gpu, parameters: readonly Parameter[], seed: number): Tensor {
  const { whole, parts } = gpu.arena(parameters.map(({ shape }) => shape));
  parameters.forEach((parameter, stream) => {
    const tensor = parameter.tensor = parts[stream];
    const { initial } = parameter;
    if ("std" in initial) fillNormal(tensor, { std: initial.std, seed, stream });
    else if (initial.constant) {
      gpu.write(tensor, new Float32Array(sizeOf(tensor.shape)).fill(initial.constant));
    }
  });
  return whole;
}

/**
 * Standard deviation of He et al. ("Delving deep into rectifiers", 2015) for a layer followed by leaky
 * ReLU: `sqrt(2 / (1 + negativeSlope²) / fanIn)`. `fanIn` is counted as PyTorch does, all of the weight's
 * axes but the first; for transposed convolutions that is the outputs times the kernel.
 */
export function heStd(weightShape: Shape, negativeSlope = 0.01): number {
  return Math.sqrt(2 / (1 + negativeSlope ** 2) / sizeOf(weightShape.slice(1)));
}
