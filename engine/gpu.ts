import { BufferPool } from "./buffer_pool.ts";
import { DeviceLostError, GpuError, OutOfDeviceMemoryError } from "./errors.ts";
import type { GpuInfo } from "./gpu_info.ts";
import type { Kernel } from "./kernel.ts";
import { Pipelines } from "./pipelines.ts";
import { Recorder } from "./recorder.ts";
import { Scopes } from "./scope.ts";
import { formatShape, type Shape, sizeOf } from "./shape.ts";
import type { Binding } from "./shader_source.ts";
import type { Derivative, Tape } from "./tape.ts";
import { type Layout, pack, storageBytes, Tensor, unpack } from "./tensor.ts";
import { TexturePool } from "./texture_pool.ts";
import * as webgpu from "./webgpu.ts";

/** What a dispatch binds to the shader's names. */
export type Resource = Tensor | GPUBuffer | GPUTexture;

/** One run of a kernel. */
export interface Dispatch {
  /** Values for the members of the shader's `Params`, by name. */
  params?: Record<string, number>;
  /** Tensors, buffers and textures by the names of the shader's bindings. */
  buffers: Record<string, Resource>;
  /** Values for the shader's overrides; others keep their defaults. */
  overrides?: Record<string, number>;
  /**
   * Number of invocations along one axis. The grid is folded to two dimensions where it passes the
   * device's limit: index with `id.y * groups.x * WORKGROUP_SIZE + id.x`.
   */
  threads?: number;
  /** Or the grid itself, in workgroups. */
  workgroups?: readonly [number, number, number];
}

/** Bytes and counts of a {@linkcode Gpu}'s memory. */
export interface MemoryUse {
  /** Tensors alive. */
  tensors: number;
  /** Bytes in buffers that tensors hold, now and at most since the last trim. */
  bytes: number;
  peakBytes: number;
  /** Bytes in buffers that wait for reuse. */
  pooledBytes: number;
}

/**
 * A device with its memory, compiled kernels and queue. Everything the engine does goes through one of
 * these; several may work side by side. Work is only recorded: `read` on a tensor, or {@linkcode
 * Gpu.submit}, hands it over.
 */
export class Gpu {
  readonly limits: GPUSupportedLimits;
  /** Textures that kernels use as scratch space. */
  readonly textures: TexturePool;
  readonly #pool: BufferPool;
  readonly #recorder: Recorder;
  readonly #scopes = new Scopes();
  readonly #pipelines: Pipelines;
  #tape: Tape | undefined;
  #tensors = 0;
  #failure: Error | undefined;
  #closed = false;

  constructor(readonly device: GPUDevice, readonly info: GpuInfo) {
    this.limits = device.limits;
    this.#pool = new BufferPool(
      device,
      webgpu.BUFFER_STORAGE | webgpu.BUFFER_COPY_SRC | webgpu.BUFFER_COPY_DST,
    );
    this.textures = new TexturePool(device);
    this.#recorder = new Recorder(device);
    this.#pipelines = new Pipelines(device, info, (error) => this.#failure = error);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      const { error } = event as GPUUncapturedErrorEvent;
      this.#failure ??= /memory/i.test(error.message) && !/binding/i.test(error.message)
        ? new OutOfDeviceMemoryError(error.message)
        : new GpuError(error.message);
    });
    device.lost?.then(({ message }) => {
      if (!this.#closed) this.#failure = new DeviceLostError(message || "The device was lost");
    });
  }

  /** An uninitialised tensor. */
  empty(shape: Shape, layout: Layout = "packed"): Tensor {
    return this.#make(shape, layout).tensor;
  }

  /** A tensor of zeros. */
  zeros(shape: Shape, layout: Layout = "flat"): Tensor {
    const tensor = this.empty(shape, layout);
    this.#recorder.copy((encoder) => encoder.clearBuffer(tensor.buffer, 0, tensor.byteLength));
    return tensor;
  }

  /** A flat tensor (weights, labels, scalars) with the given elements in C order. */
  tensor(data: ArrayLike<number>, shape: Shape): Tensor {
    return this.#upload(Float32Array.from(data), data.length, shape, "flat");
  }

  /** A feature map `[N, C, D, H, W]` or `[N, C, H, W]` with the given elements in C order. */
  featureMap(data: ArrayLike<number>, shape: Shape): Tensor {
    return this.#upload(pack(data, shape), data.length, shape, "packed");
  }

  #upload(elements: Float32Array, given: number, shape: Shape, layout: Layout): Tensor {
    if (given !== sizeOf(shape)) {
      throw new TypeError(
        `Cannot make tensor ${formatShape(shape)} from ${given} elements: it has ${sizeOf(shape)}`,
      );
    }
    const { tensor, reused } = this.#make(shape, layout);
    this.#write(tensor, elements, reused);
    return tensor;
  }

  /** Overwrites a flat tensor's elements, in C order. */
  write(tensor: Tensor, data: Float32Array): void {
    this.#write(tensor, data, true);
  }

  #write(tensor: Tensor, elements: Float32Array, mayBeInUse: boolean): void {
    // writeBuffer happens before everything recorded and not yet submitted, which may use this memory.
    if (mayBeInUse) this.submit();
    const { buffer, byteOffset } = tensor;
    this.device.queue.writeBuffer(buffer, byteOffset, elements as Float32Array<ArrayBuffer>);
  }

  #make(shape: Shape, layout: Layout): { tensor: Tensor; reused: boolean } {
    this.#check();
    const bytes = storageBytes(shape, layout);
    if (bytes > this.limits.maxBufferSize) {
      throw new RangeError(
        `Cannot make tensor ${formatShape(shape)}: ${mebibytes(bytes)} exceeds maxBufferSize ` +
          `${mebibytes(this.limits.maxBufferSize)} of this device`,
      );
    }
    const { buffer, reused } = this.#pool.take(Math.max(bytes, 4));
    const tensor = new Tensor(this, shape, layout, buffer);
    this.#tensors++;
    this.#scopes.add(tensor);
    return { tensor, reused };
  }

  /**
   * Zeros of several flat shapes in one piece of memory, so that an optimizer updates them all in one
   * dispatch. `whole` spans them with the gaps that binding offsets need; the parts keep it alive.
   */
  arena(shapes: readonly Shape[]): { whole: Tensor; parts: Tensor[] } {
    const alignment = this.limits.minStorageBufferOffsetAlignment;
    const offsets: number[] = [];
    let bytes = 0;
    for (const shape of shapes) {
      offsets.push(bytes);
      bytes += Math.ceil(4 * sizeOf(shape) / alignment) * alignment;
    }
    const whole = this.zeros([bytes / 4]);
    const parts = shapes.map((shape, i) => {
      this.#tensors++;
      const part = new Tensor(this, shape, "flat", whole.buffer, whole.retain(), offsets[i]!);
      this.#scopes.add(part);
      return part;
    });
    return { whole, parts };
  }

  /** @ignore Called by {@linkcode Tensor.dispose}. */
  release(tensor: Tensor): void {
    this.#tensors--;
    if (tensor.whole) tensor.whole.dispose();
    else this.#pool.give(tensor.buffer);
  }

  /** Runs `fn` and frees every tensor made in it, except those it returns. */
  scope<T>(fn: () => T): T {
    return this.#scopes.run(fn);
  }

  /**
   * Says how `output` is differentiated; does nothing outside of `valueAndGrad`. Returns `output`.
   */
  record(output: Tensor, derivative: Derivative): Tensor {
    this.#tape?.record(output, derivative);
    return output;
  }

  /** @ignore Runs `fn` with ops recorded on `tape`; used by `valueAndGrad`. */
  withTape<T>(tape: Tape, fn: () => T): T {
    if (this.#tape) {
      throw new TypeError("Cannot nest valueAndGrad: second derivatives are not kept");
    }
    this.#tape = tape;
    try {
      return fn();
    } finally {
      this.#tape = undefined;
    }
  }

  /**
   * Enqueues one run of a kernel.
   *
   * @throws {TypeError} if a binding or parameter is missing or unknown.
   * @throws {RangeError} if a binding or the grid exceeds a limit of the device.
   */
  dispatch(kernel: Kernel, dispatch: Dispatch): void {
    this.#check();
    const { bindings, params } = kernel.interface;
    const { pipeline, layout, workgroupSize } = this.#pipelines.get(
      kernel,
      dispatch.overrides ?? {},
    );
    const entries: GPUBindGroupEntry[] = [];
    for (const binding of bindings) {
      entries.push({ binding: binding.index, resource: this.#resource(kernel, binding, dispatch) });
    }
    for (const name of Object.keys(dispatch.buffers)) {
      if (!bindings.some((binding) => binding.name === name)) {
        throw new TypeError(`Cannot run ${kernel.label}: it has no binding "${name}"`);
      }
    }
    const given = dispatch.params ?? {};
    for (const name of Object.keys(given)) {
      if (!params.some((param) => param.name === name)) {
        throw new TypeError(`Cannot run ${kernel.label}: Params has no "${name}"`);
      }
    }
    const usesParams = bindings.some(({ kind }) => kind === "uniform");
    const writeParams = (slot: DataView) =>
      params.forEach(({ name, type }, i) => {
        const value = given[name];
        if (value === undefined) {
          throw new TypeError(`Cannot run ${kernel.label}: params lack "${name}"`);
        }
        if (type === "f32") slot.setFloat32(4 * i, value, true);
        else if (type === "i32") slot.setInt32(4 * i, value, true);
        else slot.setUint32(4 * i, value, true);
      });
    const bindGroup = this.device.createBindGroup({ layout, entries });
    const grid = this.#grid(kernel, dispatch, workgroupSize);
    this.#recorder.dispatch(pipeline, bindGroup, usesParams ? writeParams : undefined, grid);
  }

  #resource(kernel: Kernel, binding: Binding, { buffers }: Dispatch): GPUBindingResource {
    if (binding.kind === "uniform") {
      const size = Math.ceil(4 * kernel.interface.params.length / 16) * 16;
      return { buffer: this.#recorder.paramsBuffer, size };
    }
    const resource = buffers[binding.name];
    if (!resource) {
      throw new TypeError(`Cannot run ${kernel.label}: "${binding.name}" is not bound`);
    }
    if (binding.kind.startsWith("texture")) return (resource as GPUTexture).createView();
    const tensor = resource instanceof Tensor ? resource : undefined;
    const buffer = tensor?.buffer ?? resource as GPUBuffer;
    const offset = tensor?.byteOffset ?? 0;
    const length = tensor?.byteLength ?? buffer.size;
    // Whole vectors, so that kernels may take flat tensors by four; what lies behind one is unused.
    const size = Math.min(Math.max(Math.ceil(length / 16), 1) * 16, buffer.size - offset);
    if (size > this.limits.maxStorageBufferBindingSize) {
      throw new RangeError(
        `Cannot bind ${kernel.label} "${binding.name}": ${mebibytes(size)} exceeds ` +
          `maxStorageBufferBindingSize ${mebibytes(this.limits.maxStorageBufferBindingSize)} ` +
          `of this device`,
      );
    }
    return { buffer, offset, size };
  }

  #grid(
    kernel: Kernel,
    { threads, workgroups }: Dispatch,
    workgroupSize: number,
  ): readonly [number, number, number] {
    const most = this.limits.maxComputeWorkgroupsPerDimension;
    let grid = workgroups;
    if (!grid) {
      const count = Math.ceil((threads ?? 1) / workgroupSize);
      const rows = Math.ceil(count / most);
      grid = [Math.ceil(count / rows), rows, 1];
    }
    if (grid.some((extent) => extent > most)) {
      throw new RangeError(
        `Cannot run ${kernel.label}: ${grid.join(" × ")} workgroups exceed ` +
          `maxComputeWorkgroupsPerDimension ${most} of this device`,
      );
    }
    return grid;
  }

  /** Enqueues a copy of all elements of a tensor into another, beginning at `toByte` there. */
  copy(from: Tensor, to: Tensor, toByte = 0): void {
    this.#recorder.copy((encoder) =>
      encoder.copyBufferToBuffer(
        from.buffer,
        from.byteOffset,
        to.buffer,
        to.byteOffset + toByte,
        from.byteLength,
      )
    );
  }

  /** Enqueues a copy of a box of `vec4`s from a tensor, whose start `offset` counts from, to a texture. */
  copyToTexture(
    from: Tensor,
    layout: { offset: number; bytesPerRow: number; rowsPerImage: number },
    to: GPUTexture,
    origin: [number, number, number],
    size: [number, number, number],
  ): void {
    const source = { ...layout, buffer: from.buffer, offset: from.byteOffset + layout.offset };
    this.#recorder.copy((encoder) =>
      encoder.copyBufferToTexture(source, { texture: to, origin }, size)
    );
  }

  /** @ignore See {@linkcode Tensor.read}. */
  async read(tensor: Tensor): Promise<Float32Array> {
    this.#check();
    const bytes = tensor.byteLength;
    const staging = this.device.createBuffer({
      label: "read",
      size: Math.max(bytes, 4),
      usage: webgpu.BUFFER_MAP_READ | webgpu.BUFFER_COPY_DST,
    });
    const { buffer, byteOffset } = tensor;
    this.#recorder.copy((encoder) =>
      encoder.copyBufferToBuffer(buffer, byteOffset, staging, 0, bytes)
    );
    this.submit();
    try {
      await staging.mapAsync(webgpu.MAP_READ);
      this.#check();
      const elements = new Float32Array(staging.getMappedRange().slice(0, bytes));
      return tensor.layout === "packed" ? unpack(elements, tensor.shape) : elements;
    } catch (error) {
      this.#check();
      throw error;
    } finally {
      staging.destroy();
    }
  }

  /** Hands recorded work to the device. */
  submit(): void {
    this.#recorder.submit();
  }

  /** Resolves when the device has done everything so far; throws what went wrong. */
  async finish(): Promise<void> {
    this.submit();
    await this.device.queue.onSubmittedWorkDone();
    this.#check();
  }

  /** Tensors and bytes in use. */
  memory(): MemoryUse {
    const { usedBytes, peakBytes, freeBytes } = this.#pool;
    return { tensors: this.#tensors, bytes: usedBytes, peakBytes, pooledBytes: freeBytes };
  }

  /** Frees memory that waits for reuse. */
  async trim(): Promise<void> {
    await this.finish();
    this.#pool.trim();
    this.textures.trim();
  }

  /** Frees everything, the device included. */
  destroy(): void {
    this.#closed = true;
    this.#recorder.destroy();
    this.#pool.trim();
    this.textures.trim();
    this.device.destroy();
  }

  #check(): void {
    const failure = this.#failure;
    if (!failure) return;
    if (!(failure instanceof DeviceLostError)) this.#failure = undefined;
    throw failure;
  }
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
