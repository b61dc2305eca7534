/** The device reported an error for work that was already handed over; the message names the kernel. */
export class GpuError extends Error {
  override name = "GpuError";
}

/** The device has no room for a buffer; a smaller patch or batch may fit. */
export class OutOfDeviceMemoryError extends Error {
  override name = "OutOfDeviceMemoryError";
}

/** The device is gone (driver reset, unplugged, destroyed); open a new one and resume. */
export class DeviceLostError extends Error {
  override name = "DeviceLostError";
}

/** No WebGPU adapter was found on this machine. */
export class NoAdapterError extends Error {
  override name = "NoAdapterError";
}
