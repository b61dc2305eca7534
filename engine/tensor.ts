import type { Gpu } from "./gpu.ts";
import { featureShape, formatShape, type Shape, sizeOf } from "./shape.ts";

/**
 * How elements lie in the buffer. `packed` is the layout of feature maps, four channels to a `vec4`:
 * logical `[N, C, D, H, W]` is stored `[N, ceil(C / 4), D, H, W, 4]`, unused channels of the last block
 * are always 0. `flat` is C order: weights, biases, labels, scalars.
 */
export type Layout = "packed" | "flat";

/**
 * A 32-bit float array on the device. Made by a {@linkcode Gpu} and the ops; freed by the scope it was
 * made in, or by {@linkcode Tensor.dispose}. Several owners (a scope, the tape) may hold one tensor:
 * the memory goes back to the pool when the last lets go.
 */
export class Tensor {
  readonly size: number;
  #buffer: GPUBuffer | undefined;
  #owners = 1;

  /** @ignore Use the methods of {@linkcode Gpu}. */
  constructor(
    readonly gpu: Gpu,
    readonly shape: Shape,
    readonly layout: Layout,
    buffer: GPUBuffer,
    /** The tensor whose memory this one is a part of, and where it begins there, in bytes. */
    readonly whole?: Tensor,
    readonly byteOffset = 0,
  ) {
    this.size = sizeOf(shape);
    this.#buffer = buffer;
  }

  /** Bytes that the elements take in the buffer. */
  get byteLength(): number {
    return storageBytes(this.shape, this.layout);
  }

  get disposed(): boolean {
    return this.#buffer === undefined;
  }

  /**
   * The memory, for binding and copying.
   *
   * @throws {ReferenceError} if the tensor was disposed.
   */
  get buffer(): GPUBuffer {
    if (!this.#buffer) {
      throw new ReferenceError(`Cannot use tensor ${formatShape(this.shape)}: it was disposed`);
    }
    return this.#buffer;
  }

  /** One more owner; each must call {@linkcode Tensor.dispose} once. */
  retain(): this {
    if (this.disposed) void this.buffer;
    this.#owners++;
    return this;
  }

  /** One owner less; the last one frees the memory. */
  dispose(): void {
    if (this.disposed || --this.#owners > 0) return;
    this.gpu.release(this);
    this.#buffer = undefined;
  }

  /**
   * The elements in C order of the logical shape. The copy is enqueued at the call: what happens to the
   * tensor afterwards, even its disposal, does not matter.
   */
  read(): Promise<Float32Array> {
    return this.gpu.read(this);
  }
}

/** Bytes that a tensor of this shape takes on the device. */
export function storageBytes(shape: Shape, layout: Layout): number {
  if (layout === "flat") return 4 * sizeOf(shape);
  const { n, blocks, voxels } = featureShape(shape);
  return 16 * n * blocks * voxels;
}

/** C-order elements of a feature map to the packed layout. */
export function pack(data: ArrayLike<number>, shape: Shape): Float32Array {
  const { n, c, blocks, voxels } = featureShape(shape);
  const packed = new Float32Array(4 * n * blocks * voxels);
  for (let sample = 0; sample < n; sample++) {
    for (let channel = 0; channel < c; channel++) {
      const from = (sample * c + channel) * voxels;
      const to = 4 * (sample * blocks + (channel >> 2)) * voxels + (channel & 3);
      for (let i = 0; i < voxels; i++) packed[to + 4 * i] = data[from + i]!;
    }
  }
  return packed;
}

/** The packed layout back to C order. */
export function unpack(packed: Float32Array, shape: Shape): Float32Array {
  const { n, c, blocks, voxels } = featureShape(shape);
  const data = new Float32Array(n * c * voxels);
  for (let sample = 0; sample < n; sample++) {
    for (let channel = 0; channel < c; channel++) {
      const to = (sample * c + channel) * voxels;
      const from = 4 * (sample * blocks + (channel >> 2)) * voxels + (channel & 3);
      for (let i = 0; i < voxels; i++) data[to + i] = packed[from + 4 * i]!;
    }
  }
  return data;
}
