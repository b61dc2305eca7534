import { GpuError } from "./errors.ts";
import type { GpuInfo } from "./gpu_info.ts";
import type { Kernel } from "./kernel.ts";
import type { Binding } from "./shader_source.ts";
import * as webgpu from "./webgpu.ts";

const SUBGROUPS_LINE = /^enable subgroups;/m;

/** A kernel, compiled for one device and one set of override values. */
export interface Pipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
  /** Invocations along x. */
  workgroupSize: number;
  /** Why it cannot run. Known some time after the first use only. */
  error?: GpuError;
}

/** Compiles kernels on first use and keeps them. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #info: Pick<GpuInfo, "enableSubgroupsLine">;
  readonly #fail: (error: GpuError) => void;
  readonly #compiled = new Map<Kernel, Map<string, Pipeline>>();

  /** @param fail is told when a kernel turns out not to compile */
  constructor(
    device: GPUDevice,
    info: Pick<GpuInfo, "enableSubgroupsLine">,
    fail: (error: GpuError) => void,
  ) {
    this.#device = device;
    this.#info = info;
    this.#fail = fail;
  }

  /** @throws {GpuError} if the kernel is known not to compile. */
  get(kernel: Kernel, overrides: Record<string, number>): Pipeline {
    let variants = this.#compiled.get(kernel);
    if (!variants) this.#compiled.set(kernel, variants = new Map());
    const key = JSON.stringify(overrides);
    let compiled = variants.get(key);
    if (!compiled) variants.set(key, compiled = this.#compile(kernel, overrides));
    if (compiled.error) throw compiled.error;
    return compiled;
  }

  #compile(kernel: Kernel, overrides: Record<string, number>): Pipeline {
    const { label, entryPoint } = kernel;
    let code = kernel.code(overrides);
    if (SUBGROUPS_LINE.test(code)) {
      // The directive must come first, before library texts.
      code = code.replace(SUBGROUPS_LINE, "");
      if (this.#info.enableSubgroupsLine) code = `enable subgroups;\n${code}`;
    }
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ label, code });
    const layout = this.#device.createBindGroupLayout({
      label,
      entries: kernel.interface.bindings.map(layoutEntry),
    });
    const pipeline = this.#device.createComputePipeline({
      label,
      layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint },
    });
    const workgroupSize = Number(/const WORKGROUP_SIZE: u32 = (\d+)u/.exec(code)?.[1] ?? 1);
    const compiled: Pipeline = { pipeline, layout, workgroupSize };
    this.#device.popErrorScope().then((error) => {
      // The first cause: what follows from it only says that the pipeline is invalid.
      if (error) this.#fail(compiled.error = new GpuError(`${label}: ${error.message}`));
    });
    return compiled;
  }
}

function layoutEntry({ index, kind }: Binding): GPUBindGroupLayoutEntry {
  const entry = { binding: index, visibility: webgpu.SHADER_COMPUTE };
  switch (kind) {
    case "uniform":
      return { ...entry, buffer: { type: "uniform", hasDynamicOffset: true } };
    case "read":
      return { ...entry, buffer: { type: "read-only-storage" } };
    case "read_write":
      return { ...entry, buffer: { type: "storage" } };
    case "texture_2d":
      return { ...entry, texture: { sampleType: "unfilterable-float", viewDimension: "2d" } };
    case "texture_3d":
      return { ...entry, texture: { sampleType: "unfilterable-float", viewDimension: "3d" } };
    case "texture_write_3d":
      return {
        ...entry,
        storageTexture: { access: "write-only", format: "rgba32float", viewDimension: "3d" },
      };
  }
}
