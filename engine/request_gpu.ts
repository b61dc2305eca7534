import { NoAdapterError } from "./errors.ts";
import { Gpu } from "./gpu.ts";
import type { GpuInfo } from "./gpu_info.ts";
import { probeLanes } from "./probe_lanes.ts";

/** Limits that are asked for in full; a default device has 128 MiB bindings and 256 threads. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxTextureDimension2D",
  "maxTextureDimension3D",
] as const;

/**
 * Opens the machine's WebGPU device.
 *
 * @throws {NoAdapterError} if there is none.
 */
export async function openGpu(): Promise<Gpu> {
  // Deno does not list "subgroups" but grants it; a refused request uses up an adapter in Chrome, so
  // each attempt asks for its own.
  for (const features of [["subgroups", "timestamp-query"], ["subgroups"], []]) {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) break;
    const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
    try {
      const device = await adapter.requestDevice({
        requiredFeatures: features as GPUFeatureName[],
        requiredLimits,
      });
      return new Gpu(device, await describe(adapter, device, features.includes("subgroups")));
    } catch (error) {
      if (features.length === 0) throw error;
    }
  }
  throw new NoAdapterError(
    "Cannot find a WebGPU adapter: install a graphics driver with Vulkan, or a software one " +
      "(Debian, Ubuntu: apt install mesa-vulkan-drivers libvulkan1)",
  );
}

async function describe(
  adapter: GPUAdapter,
  device: GPUDevice,
  subgroups: boolean,
): Promise<GpuInfo> {
  const { vendor, architecture, description } = adapter.info;
  const software = /llvmpipe|lavapipe|swiftshader|warp|basic render/i.test(
    `${vendor} ${architecture} ${description} ${adapter.info.device}`,
  );
  const enableSubgroupsLine = subgroups && await compiles(device, "enable subgroups;");
  return {
    vendor,
    architecture,
    description,
    software,
    subgroups,
    enableSubgroupsLine,
    lanes: software && subgroups ? await probeLanes(device, enableSubgroupsLine) : 0,
  };
}

/** Whether the shader compiler takes a directive. */
async function compiles(device: GPUDevice, directive: string): Promise<boolean> {
  device.pushErrorScope("validation");
  device.createShaderModule({ code: `${directive}\n@compute @workgroup_size(1) fn main() {}` });
  return await device.popErrorScope() === null;
}
