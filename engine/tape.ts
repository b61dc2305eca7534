import type { Tensor } from "./tensor.ts";

/** How one op's result depends on its inputs. */
export interface Derivative {
  /** The inputs by name; one that nobody differentiates is never asked for its gradient. */
  inputs: Record<string, Tensor | undefined>;
  /** Tensors that `backward` reads; kept alive until it has run. */
  saved?: readonly Tensor[];
  /** Gradients by input name, as thunks so that unwanted ones cost nothing. */
  backward: (gradOutput: Tensor) => Record<string, (() => Tensor) | undefined>;
}

interface Entry extends Derivative {
  output: Tensor;
}

/** The ops of one forward pass in order. Exists only inside `valueAndGrad`. */
export class Tape {
  readonly #entries: Entry[] = [];
  readonly #tracked: Set<Tensor>;

  constructor(parameters: readonly Tensor[]) {
    this.#tracked = new Set(parameters);
  }

  /** Notes an op if any of its inputs leads back to a parameter. */
  record(output: Tensor, derivative: Derivative): void {
    const inputs = Object.values(derivative.inputs);
    if (!inputs.some((input) => input && this.#tracked.has(input))) return;
    this.#tracked.add(output);
    for (const tensor of derivative.saved ?? []) tensor.retain();
    this.#entries.push({ ...derivative, output });
  }

  /**
   * Walks back from `value`, whose gradient is `gradValue`. Each op's saved tensors and output gradient
   * are freed as soon as that op is done.
   *
   * @param add the sum of two tensors, for inputs that several ops used
   * @returns gradients by tensor; those of parameters that `value` depends on are among them
   */
  backward(
    value: Tensor,
    gradValue: Tensor,
    add: (a: Tensor, b: Tensor) => Tensor,
  ): Map<Tensor, Tensor> {
    const grads = new Map<Tensor, Tensor>([[value, gradValue]]);
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      const { output, saved } = entry;
      const gradOutput = grads.get(output);
      if (gradOutput) {
        grads.delete(output);
        for (const [input, grad] of this.#inputGrads(entry, gradOutput)) {
          const earlier = grads.get(input);
          grads.set(input, earlier ? add(earlier, grad) : grad);
          if (earlier) { for (const term of [earlier, grad]) term.dispose(); }
        }
        gradOutput.dispose();
      }
      for (const tensor of saved ?? []) tensor.dispose();
    }
    return grads;
  }

  /** Runs the thunks that somebody wants; what they make on the way is freed. */
  #inputGrads({ inputs, backward }: Entry, gradOutput: Tensor): [Tensor, Tensor][] {
    return gradOutput.gpu.scope(() => {
      const thunks = backward(gradOutput);
      const found: [Tensor, Tensor][] = [];
      for (const [name, input] of Object.entries(inputs)) {
        if (!input || !this.#tracked.has(input)) continue;
        const grad = thunks[name]?.();
        if (grad) found.push([input, grad === gradOutput ? grad.retain() : grad]);
      }
      return found;
    });
  }

  /** Lets go of everything saved; for a forward pass that failed. */
  clear(): void {
    for (const { saved } of this.#entries) for (const tensor of saved ?? []) tensor.dispose();
    this.#entries.length = 0;
  }
}
