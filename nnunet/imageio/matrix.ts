/** A 3 × 3 matrix, row by row. */
export type Matrix3 = number[][];

/** Determinant. */
export function determinant([[a, b, c], [d, e, f], [g, h, i]]: Matrix3): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}

/** Column `j`. */
export function column(m: number[][], j: number): number[] {
  return m.map((row) => row[j]);
}

/** Lengths of the columns: of an affine's upper left part, the voxel sizes. */
export function columnLengths(m: Matrix3): number[] {
  return [0, 1, 2].map((j) => Math.hypot(...column(m, j)));
}

/** Matrix with columns of length 1; columns of length 0 stay. */
export function normalizeColumns(m: Matrix3): Matrix3 {
  const lengths = columnLengths(m).map((l) => l === 0 ? 1 : l);
  return m.map((row) => row.map((x, j) => x / lengths[j]));
}

/** Inverse transpose; the determinant must not be 0. */
function inverseTranspose(m: Matrix3): Matrix3 {
  const [[a, b, c], [d, e, f], [g, h, i]] = m;
  const det = determinant(m);
  return [
    [(e * i - f * h) / det, (f * g - d * i) / det, (d * h - e * g) / det],
    [(c * h - b * i) / det, (a * i - c * g) / det, (b * g - a * h) / det],
    [(b * f - c * e) / det, (c * d - a * f) / det, (a * e - b * d) / det],
  ];
}

/**
 * The orthogonal matrix nearest to `m` (polar factor), by Newton's iteration; `undefined` when `m`
 * is singular.
 */
export function nearestOrthogonal(m: Matrix3): Matrix3 | undefined {
  if (!(Math.abs(determinant(m)) > 1e-12)) return undefined;
  for (let step = 0; step < 100; step++) {
    const other = inverseTranspose(m);
    let change = 0;
    m = m.map((row, i) =>
      row.map((x, j) => {
        const mean = (x + other[i][j]) / 2;
        change = Math.max(change, Math.abs(mean - x));
        return mean;
      })
    );
    if (change < 1e-15) break;
  }
  return m;
}

/** Rotation of the unit quaternion `a + b i + c j + d k`. */
export function rotationOfQuaternion([a, b, c, d]: number[]): Matrix3 {
  return [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
  ];
}

/** Unit quaternion `[a, b, c, d]` with `a ≥ 0` of a rotation (determinant 1). */
export function quaternionOfRotation(r: Matrix3): number[] {
  const trace = r[0][0] + r[1][1] + r[2][2];
  // The largest of the four squares is the safe one to divide by.
  const squares = [trace, ...[0, 1, 2].map((i) => 2 * r[i][i] - trace)].map((x) => (1 + x) / 4);
  const largest = squares.indexOf(Math.max(...squares));
  const q = Math.sqrt(squares[largest]);
  const [ab, ac, ad] = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]];
  const [bc, bd, cd] = [r[0][1] + r[1][0], r[0][2] + r[2][0], r[1][2] + r[2][1]];
  const products = [[4 * q * q, ab, ac, ad], [ab, 4 * q * q, bc, bd], [ac, bc, 4 * q * q, cd], [
    ad,
    bd,
    cd,
    4 * q * q,
  ]];
  const quaternion = products[largest].map((p) => p / (4 * q));
  return quaternion[0] < 0 ? quaternion.map((x) => -x) : quaternion;
}
