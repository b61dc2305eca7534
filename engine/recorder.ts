import { BUFFER_COPY_DST, BUFFER_UNIFORM } from "./webgpu.ts";

/** Dispatches before work is handed to the device, so that it starts while more is recorded. */
const DISPATCHES_PER_SUBMIT = 128;

/**
 * Records dispatches and copies into one command encoder and few passes. Parameters of all dispatches
 * of a batch lie in one uniform buffer, written just before the submit.
 */
export class Recorder {
  readonly #device: GPUDevice;
  readonly #slot: number;
  readonly #params: GPUBuffer;
  readonly #paramsData: ArrayBuffer;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #slots = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#slot = Math.max(device.limits.minUniformBufferOffsetAlignment, 256);
    this.#paramsData = new ArrayBuffer(this.#slot * DISPATCHES_PER_SUBMIT);
    this.#params = device.createBuffer({
      label: "params",
      size: this.#paramsData.byteLength,
      usage: BUFFER_UNIFORM | BUFFER_COPY_DST,
    });
  }

  /** The uniform buffer; bind it with a dynamic offset. */
  get paramsBuffer(): GPUBuffer {
    return this.#params;
  }

  /** Whether something was recorded that is not submitted yet. */
  get pending(): boolean {
    return this.#encoder !== undefined;
  }

  /** Adds one dispatch; `writeParams` fills its parameter slot. */
  dispatch(
    pipeline: GPUComputePipeline,
    bindGroup: GPUBindGroup,
    writeParams: ((slot: DataView) => void) | undefined,
    workgroups: readonly [number, number, number],
  ): void {
    if (this.#slots === DISPATCHES_PER_SUBMIT) this.submit();
    const offset = this.#slots++ * this.#slot;
    writeParams?.(new DataView(this.#paramsData, offset, this.#slot));
    this.#pass ??= this.#commands().beginComputePass();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, bindGroup, writeParams ? [offset] : []);
    this.#pass.dispatchWorkgroups(...workgroups);
  }

  /** Adds a copy that happens after everything recorded so far. */
  copy(record: (encoder: GPUCommandEncoder) => void): void {
    this.#endPass();
    record(this.#commands());
  }

  /** Hands everything recorded to the device. */
  submit(): void {
    if (!this.#encoder) return;
    this.#endPass();
    if (this.#slots) {
      this.#device.queue.writeBuffer(
        this.#params,
        0,
        this.#paramsData,
        0,
        this.#slots * this.#slot,
      );
    }
    this.#device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#slots = 0;
  }

  destroy(): void {
    this.submit();
    this.#params.destroy();
  }

  #commands(): GPUCommandEncoder {
    return this.#encoder ??= this.#device.createCommandEncoder();
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}
