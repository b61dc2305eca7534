import { DataError } from "../errors.ts";
import type { MedicalImage } from "./image.ts";
import { allocateFloat32 } from "./voxels.ts";

/** One file of a case with its name, before the channels are joined. */
export interface Channel extends MedicalImage {
  path: string;
}

/**
 * Joins the channel files of one case; the properties are those of the first.
 *
 * @throws {DataError} when shapes or spacings differ: |first − other| must be at most
 * 1e-8 + 1e-5·|other|. Differing origins and directions are `dataset check`'s business.
 */
export function joinChannels(channels: Channel[]): MedicalImage {
  const [first, ...others] = channels;
  for (const other of others) {
    const differ = (what: string, a: number[], b: number[]) =>
      new DataError(
        `Cannot read "${other.path}" as a channel beside "${first.path}": its ${what} is ` +
          `[${b.join(", ")}], not [${a.join(", ")}], resample all channels to one grid`,
      );
    const [a, b] = [first.shape, other.shape];
    if (a.some((n, i) => n !== b[i])) throw differ("shape", a, b);
    const [s, t] = [first.properties.spacing, other.properties.spacing];
    if (!isClose(s, t)) throw differ("spacing", s, t);
  }
  if (others.length === 0) {
    return { data: first.data, shape: first.shape, properties: first.properties };
  }
  const data = allocateFloat32(channels.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const channel of channels) {
    data.set(channel.data, at);
    at += channel.data.length;
  }
  const shape: MedicalImage["shape"] = [...first.shape];
  shape[0] *= channels.length;
  return { data, shape, properties: first.properties };
}

function isClose(a: number[], b: number[]): boolean {
  return a.length === b.length &&
    a.every((x, i) => x === b[i] || Math.abs(x - b[i]) <= 1e-8 + 1e-5 * Math.abs(b[i]));
}
