/**
 * Keeps freed buffers for reuse. Buffers come in size classes of eight steps an octave, so that at most
 * an eighth of a buffer is unused. Only the pool creates and destroys buffers: a destroyed buffer that
 * a recorded pass still names would fail the whole submit.
 */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #usage: number;
  readonly #free = new Map<number, GPUBuffer[]>();
  /** Bytes of the buffers that were handed out and of those waiting. */
  usedBytes = 0;
  freeBytes = 0;
  /** Most that were in use at a time since the last {@linkcode BufferPool.trim}. */
  peakBytes = 0;

  constructor(device: GPUDevice, usage: number) {
    this.#device = device;
    this.#usage = usage;
  }

  /** A buffer of at least `bytes`; `reused` says that recorded work may still name it. */
  take(bytes: number): { buffer: GPUBuffer; reused: boolean } {
    const size = Math.min(sizeClass(bytes), maxSize(this.#device));
    const buffer = this.#free.get(size)?.pop();
    this.usedBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
    if (buffer) {
      this.freeBytes -= size;
      return { buffer, reused: true };
    }
    return { buffer: this.#device.createBuffer({ size, usage: this.#usage }), reused: false };
  }

  give(buffer: GPUBuffer): void {
    const waiting = this.#free.get(buffer.size);
    if (waiting) waiting.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
    this.usedBytes -= buffer.size;
    this.freeBytes += buffer.size;
  }

  /** Destroys the waiting buffers. Call only when no recorded, unsubmitted work may name them. */
  trim(): void {
    for (const buffers of this.#free.values()) for (const buffer of buffers) buffer.destroy();
    this.#free.clear();
    this.freeBytes = 0;
    this.peakBytes = this.usedBytes;
  }
}

function sizeClass(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** (Math.floor(Math.log2(bytes)) - 3);
  const rounded = Math.ceil(bytes / step) * step;
  return Math.ceil(rounded / 256) * 256;
}

function maxSize(device: GPUDevice): number {
  return Math.floor(device.limits.maxBufferSize / 4) * 4;
}
