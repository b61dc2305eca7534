/** What follows from a network's patch size for rotation, mirroring and the patches to load. */
export interface PatchGeometry {
  /** Rotations are drawn from −this to this, in radians. */
  maxRotation: number;
  /** Whether a 3D patch is rotated and scaled slice by slice. */
  dummy2d: boolean;
  mirrorAxes: number[];
  /** Extents to cut out so that a rotated and scaled patch is still filled. */
  initialPatchSize: number[];
}

/** A 3D patch this much longer than its first axis is treated as a stack of slices. */
const DUMMY_2D_RATIO = 3;
/** A 2D patch this elongated is rotated a little only. */
const ELONGATED_RATIO = 1.5;
/** Scaling that the enlarged patch covers; nnU-Net uses it although it scales up to 1.4. */
const LARGEST_SCALE = 0.85;

/**
 * Rotation range, dummy 2D augmentation, mirror axes and initial patch size
 * (`configure_rotation_dummyDA_mirroring_and_inital_patch_size`; spec 05, section 5).
 *
 * @param patchSize two or three extents
 */
export function patchGeometry(patchSize: readonly number[]): PatchGeometry {
  const longest = Math.max(...patchSize);
  const degrees = (angle: number) => angle / 360 * 2 * Math.PI;
  const mirrorAxes = patchSize.map((_, axis) => axis);
  if (patchSize.length === 2) {
    const elongated = longest / Math.min(...patchSize) > ELONGATED_RATIO;
    const maxRotation = elongated ? degrees(15) : Math.PI;
    const initialPatchSize = enlarged(patchSize, maxRotation);
    return { maxRotation, dummy2d: false, mirrorAxes, initialPatchSize };
  }
  const dummy2d = longest / patchSize[0] > DUMMY_2D_RATIO;
  const maxRotation = dummy2d ? Math.PI : degrees(30);
  const initialPatchSize = enlarged(patchSize, maxRotation);
  if (dummy2d) initialPatchSize[0] = patchSize[0];
  return { maxRotation, dummy2d, mirrorAxes, initialPatchSize };
}

/** Extents that the patch reaches when it is turned about each axis (`get_patch_size`). */
function enlarged(patchSize: readonly number[], maxRotation: number): number[] {
  const angle = Math.min(maxRotation, Math.PI / 2);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const planes = patchSize.length === 2 ? [[0, 1]] : [[1, 2], [0, 2], [0, 1]];
  const reached = [...patchSize];
  for (const [a, b] of planes) {
    const [va, vb] = [patchSize[a], patchSize[b]];
    // The turn about the middle axis runs the other way round.
    const sign = b - a === 2 ? -1 : 1;
    reached[a] = Math.max(reached[a], Math.abs(va * c + sign * vb * s));
    reached[b] = Math.max(reached[b], Math.abs(vb * c - sign * va * s));
  }
  return reached.map((extent) => Math.trunc(extent / LARGEST_SCALE));
}
