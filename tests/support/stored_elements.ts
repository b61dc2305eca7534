import { Tensor } from "../../engine/tensor.ts";

/** A feature map's memory as it is, unused channels included. */
export function storedElements(map: Tensor): Promise<Float32Array> {
  // A view that is not counted and must not be disposed: the map owns the memory.
  return new Tensor(map.gpu, [map.byteLength / 4], "flat", map.buffer).read();
}
