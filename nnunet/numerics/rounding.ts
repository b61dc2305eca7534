/**
 * Rounds half to even, as Python's `round` and NumPy's `rint` do. The whole method relies on it
 * (`bround` in the specification): shapes, patch sizes, batch sizes, window positions.
 */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  if (fraction < 0.5) return floor;
  if (fraction > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
