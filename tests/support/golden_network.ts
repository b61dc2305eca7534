import type { NamedArray } from "../../nnunet/checkpoint.ts";
import type { GoldenTensor } from "./golden.ts";

/** The float32 arrays whose names begin with `prefix`, named without it. */
export function withPrefix(
  arrays: ReadonlyMap<string, GoldenTensor>,
  prefix: string,
): Map<string, NamedArray> {
  const found = [...arrays].filter(([name]) => name.startsWith(prefix));
  return new Map(
    found.map(([name, { shape, data }]) => [
      name.slice(prefix.length),
      { shape, data: data as Float32Array },
    ]),
  );
}

/**
 * Whether a parameter is the bias of a convolution that a norm follows. The norm takes away what such
 * a bias adds, so its gradient is 0 but for rounding.
 */
export function isBiasBeforeNorm(name: string, names: readonly string[]): boolean {
  return name.endsWith(".conv.bias") && names.includes(name.replace(/conv\.bias$/, "norm.bias"));
}
