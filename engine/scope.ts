import { Tensor } from "./tensor.ts";

/** Stack of open scopes; each lists the tensors that were made in it. */
export class Scopes {
  readonly #open: Set<Tensor>[] = [];

  /** Notes a new tensor in the innermost scope. */
  add(tensor: Tensor): void {
    this.#open.at(-1)?.add(tensor);
  }

  /**
   * Runs `fn` and frees what it made, except the tensors in what it returns: they move to the scope
   * around.
   *
   * @throws {TypeError} if `fn` returns a Promise: a scope is synchronous, work is only enqueued.
   */
  run<T>(fn: () => T): T {
    const made = new Set<Tensor>();
    this.#open.push(made);
    let kept = new Set<Tensor>();
    try {
      const result = fn();
      if (result instanceof Promise) {
        throw new TypeError("Cannot return a Promise from a scope: await outside of it");
      }
      kept = tensorsIn(result);
      return result;
    } finally {
      this.#open.pop();
      const around = this.#open.at(-1);
      for (const tensor of made) {
        if (!kept.has(tensor)) tensor.dispose();
        else around?.add(tensor);
      }
    }
  }
}

/** Every tensor in a value: arrays, maps, sets and plain objects are searched. */
export function tensorsIn(value: unknown, found: Set<Tensor> = new Set()): Set<Tensor> {
  if (value instanceof Tensor) found.add(value);
  else if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) tensorsIn(item, found);
  } else if (value instanceof Map) { for (const item of value.values()) tensorsIn(item, found); }
  else if (value && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) tensorsIn(item, found);
  }
  return found;
}
