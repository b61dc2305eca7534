/** Features and origin of a device, as far as the host tells. */
export interface GpuInfo {
  vendor: string;
  architecture: string;
  description: string;
  /** Runs on the processor (lavapipe, SwiftShader, WARP). */
  software: boolean;
  /** `subgroupShuffle` and friends may be used. */
  subgroups: boolean;
  /** The shader compiler wants the line `enable subgroups;` (Chrome) or refuses it (Deno). */
  enableSubgroupsLine: boolean;
  /** Invocations of a subgroup on a software adapter that the lanes kernels suit; 0 elsewhere. */
  lanes: number;
}
