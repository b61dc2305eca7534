import type { Store } from "../store.ts";
import { damaged, unsupported } from "./damaged.ts";
import { identityDirection, type ItkImage } from "./itk_image.ts";
import { type Matrix3, normalizeColumns, rotationOfQuaternion } from "./matrix.ts";
import { type NiftiFile, type NiftiHeader, readNiftiFile } from "./nifti_file.ts";
import { allocateFloat32, toFloat32, type Voxels } from "./voxels.ts";

/** Above this, ITK finds no orthonormal directions in an sform. */
const SHEAR_TOLERANCE = 3e-4;

/** Intent codes of a fifth dimension that holds vectors: symmetric matrix, displacement, vector. */
const VECTOR_INTENTS = [1005, 1006, 1007];

/**
 * Reads a NIfTI file as ITK's `NiftiImageIO` (ITK 5.4) does: geometry in LPS, scaled values, NaN and
 * infinities as 0.
 *
 * @throws {DataError} when the file is damaged, or has a geometry that ITK refuses
 */
export async function readNiftiAsItk(store: Store, path: string): Promise<ItkImage> {
  const file = await readNiftiFile(store, path);
  const { header } = file;
  if (header.version === 2) {
    throw unsupported(
      path,
      "it is NIfTI-2, which SimpleITKIO does not read",
      "use NibabelIO or convert it to NIfTI-1",
    );
  }
  const { size, components, voxels } = arrange(path, file);
  const n = size.length;
  if (n < 2) {
    throw unsupported(path, "it has one dimension only", "export it as a 2D or 3D image");
  }
  const scale = [1, 1e3, 1, 1e-3][header.units & 7] ?? 1;
  // A voxel size of 0 says nothing; ITK takes 1.
  const spacing = size.map((_, i) => (header.pixdim[i + 1] || 1) * (i < 3 ? scale : 1));
  const { rotation, offset } = orientation(path, header);
  const [x, y, z] = offset.map((o) => o * scale);
  return {
    size,
    spacing,
    // RAS to LPS: x and y change sign.
    origin: [-x || 0, -y || 0, z, 0].slice(0, n),
    direction: direction(rotation.map((row, i) => i < 2 ? row.map((v) => -v) : row), n),
    components,
    complex: file.complex,
    voxels: scaled(finite(voxels), header),
  };
}

/** Axes and components; a fifth dimension with vectors becomes the fastest one. */
function arrange(
  path: string,
  { header, components, voxels }: NiftiFile,
): { size: number[]; components: number; voxels: Voxels } {
  const size = header.dim.slice();
  while (size.length > 3 && size.at(-1) === 1) size.pop();
  if (size.length <= 4) return { size, components, voxels };
  if (size.length > 5 || components > 1 || !VECTOR_INTENTS.includes(header.intent)) {
    throw unsupported(
      path,
      `it has ${size.length} dimensions (${size.join(" x ")})`,
      "save its 3D volumes one by one",
    );
  }
  const vector = size.pop()!;
  while (size.length > 3 && size.at(-1) === 1) size.pop();
  return { size, components: vector, voxels: interleave(voxels, vector) };
}

/** `[component][voxel]` to `[voxel][component]`. */
function interleave<T extends Voxels>(voxels: T, components: number): T {
  const out = voxels.slice() as T;
  const count = voxels.length / components;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < components; c++) out[i * components + c] = voxels[c * count + i];
  }
  return out;
}

/** Directions (RAS, unit columns) and position of voxel 0. */
function orientation(
  path: string,
  header: NiftiHeader,
): { rotation: Matrix3; offset: number[] } {
  const { sformCode, qformCode } = header;
  if (sformCode <= 0 && qformCode <= 0) {
    return { rotation: [[-1, 0, 0], [0, -1, 0], [0, 0, 1]], offset: [0, 0, 0] };
  }
  if (sformCode === 1 || (sformCode > 0 && qformCode <= 0)) {
    const rotation = normalizeColumns(header.srow.map((row) => row.slice(0, 3)));
    if (!isOrthonormal(rotation)) {
      throw damaged(
        path,
        "its sform is sheared or singular, so it has no directions (NibabelIO can read it)",
      );
    }
    return { rotation, offset: header.srow.map((row) => row[3]) };
  }
  const [b, c, d] = header.quaternion;
  let q = [1 - (b * b + c * c + d * d), b, c, d];
  if (q[0] < 1e-7) {
    const length = Math.hypot(b, c, d);
    q = [0, b / length, c / length, d / length];
  } else q[0] = Math.sqrt(q[0]);
  const rotation = rotationOfQuaternion(q);
  if (header.pixdim[0] < 0) { for (const row of rotation) row[2] = -row[2]; }
  return { rotation, offset: header.qoffset };
}

function isOrthonormal(m: Matrix3): boolean {
  return m.every((a, i) =>
    m.every((b, j) => {
      const product = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
      return Math.abs(product - (i === j ? 1 : 0)) < SHEAR_TOLERANCE;
    })
  );
}

/** ITK's direction matrix of `n` axes, row by row. */
function direction(m: Matrix3, n: number): number[] {
  const out = identityDirection(n);
  const spatial = Math.min(n, 3);
  for (let j = 0; j < spatial; j++) {
    const length = Math.hypot(...m.slice(0, spatial).map((row) => row[j])) || 1;
    for (let i = 0; i < spatial; i++) out[i * n + j] = m[i][j] / length;
  }
  return out;
}

/** NaN and infinities become 0, as in nifticlib; in place. */
function finite(voxels: Voxels): Voxels {
  if (voxels instanceof Float32Array || voxels instanceof Float64Array) {
    for (let i = 0; i < voxels.length; i++) if (!Number.isFinite(voxels[i])) voxels[i] = 0;
  }
  return voxels;
}

function scaled(voxels: Voxels, { slope, intercept }: NiftiHeader): Voxels {
  const factor = Number.isFinite(slope) && slope !== 0 ? slope : 1;
  const shift = Number.isFinite(intercept) ? intercept : 0;
  if (factor === 1 && shift === 0) return voxels;
  if (voxels instanceof Float64Array) return voxels.map((x) => x * factor + shift);
  const values = toFloat32(voxels);
  const out = values === voxels ? values : allocateFloat32(values.length);
  for (let i = 0; i < out.length; i++) out[i] = values[i] * factor + shift;
  return out;
}
