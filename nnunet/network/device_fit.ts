import { DataError } from "../errors.ts";
import type { Configuration } from "../plans.ts";

/** The limits of a device that a plan meets first. */
export interface DeviceLimits {
  readonly maxStorageBufferBindingSize: number;
  readonly maxBufferSize: number;
}

/** Bytes of the largest feature map of a training batch; four channels share a vector of 16 bytes. */
export function largestFeatureMap(
  { architecture, patch_size }: Pick<Configuration, "architecture" | "patch_size">,
  batchSize: number,
): number {
  const { features_per_stage, strides } = architecture.arch_kwargs;
  let extents = patch_size;
  let largest = 0;
  features_per_stage.forEach((features, stage) => {
    extents = extents.map((n, axis) => n / strides[stage][axis]);
    const voxels = extents.reduce((product, n) => product * n, 1);
    largest = Math.max(largest, 16 * Math.ceil(features / 4) * voxels);
  });
  return batchSize * largest;
}

/**
 * Makes sure that a configuration can be trained on a device, before anything is allocated.
 *
 * @throws {DataError} naming the limit, and a batch or patch size that fits
 */
export function assertFits(name: string, configuration: Configuration, limits: DeviceLimits): void {
  const limit = limits.maxStorageBufferBindingSize <= limits.maxBufferSize
    ? "maxStorageBufferBindingSize"
    : "maxBufferSize";
  const { batch_size, patch_size } = configuration;
  const needed = largestFeatureMap(configuration, batch_size);
  if (needed <= limits[limit]) return;
  throw new DataError(
    `Cannot train ${name} with batch size ${batch_size} and patch size [${patch_size}]: ` +
      `a feature map of ${mebibytes(needed)} exceeds ${limit} ${mebibytes(limits[limit])} ` +
      `of this device, ${whatFits(configuration, limits[limit])} in the plans`,
  );
}

function whatFits(configuration: Configuration, limit: number): string {
  const batchSize = Math.floor(limit / largestFeatureMap(configuration, 1));
  if (batchSize >= 1) return `set batch_size ${batchSize}`;
  const divisors = configuration.architecture.arch_kwargs.strides.reduce((product, stride) =>
    product.map((n, axis) => n * stride[axis])
  );
  let patch = configuration.patch_size;
  while (largestFeatureMap({ ...configuration, patch_size: patch }, 1) > limit) {
    const longest = patch.indexOf(Math.max(...patch));
    patch = patch.map((n, axis) => axis === longest ? n - divisors[axis] : n);
    if (patch[longest] < divisors[longest]) return "use a network with fewer features";
  }
  return `set patch_size [${patch}] and batch_size 1`;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
