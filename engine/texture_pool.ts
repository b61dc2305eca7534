import { TEXTURE_BINDING, TEXTURE_COPY_DST, TEXTURE_STORAGE } from "./webgpu.ts";

/**
 * Keeps `rgba32float` textures for reuse. Kernels shaped for software adapters read feature maps and
 * weights through them: texture loads are the cheapest loads there, and read 0 outside.
 */
export class TexturePool {
  readonly #device: GPUDevice;
  readonly #free = new Map<string, GPUTexture[]>();
  /** Bytes of all textures, in use or waiting. */
  bytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A texture of `width × height × depth` texels; 2D where `dimension` says so. */
  take(
    width: number,
    height: number,
    depth: number,
    dimension: "2d" | "3d" = "3d",
  ): GPUTexture {
    const texture = this.#free.get(`${dimension} ${width} ${height} ${depth}`)?.pop();
    if (texture) return texture;
    this.bytes += 16 * width * height * depth;
    return this.#device.createTexture({
      size: [width, height, depth],
      dimension,
      format: "rgba32float",
      usage: TEXTURE_BINDING | TEXTURE_STORAGE | TEXTURE_COPY_DST,
    });
  }

  /** Hands a texture back; recorded work may still use it. */
  give(texture: GPUTexture): void {
    const { dimension, width, height, depthOrArrayLayers } = texture;
    const key = `${dimension} ${width} ${height} ${depthOrArrayLayers}`;
    const waiting = this.#free.get(key);
    if (waiting) waiting.push(texture);
    else this.#free.set(key, [texture]);
  }

  /** Destroys the waiting textures. Call only when no recorded, unsubmitted work may name them. */
  trim(): void {
    for (const textures of this.#free.values()) {
      for (const texture of textures) {
        this.bytes -= 16 * texture.width * texture.height * texture.depthOrArrayLayers;
        texture.destroy();
      }
    }
    this.#free.clear();
  }
}
