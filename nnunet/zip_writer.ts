import { crc32 } from "./crc32.ts";

const MAX_UINT32 = 0xffffffff;
/** 1 January 1980, the earliest date there is: equal content gives equal archives. */
const DATE = 0x21;
/** Version of the format that knows sizes beyond 4 GiB. */
const VERSION_ZIP64 = 45;
/** Tag, length, and three numbers of 64 bits: size, size as stored, offset. */
const ZIP64_EXTRA_SIZE = 4 + 3 * 8;

/** A file to put into a zip archive; its content is the parts one after the other. */
export interface ZipMember {
  name: string;
  parts: Uint8Array[];
}

/**
 * Makes a zip archive without compression, so that parts of its members can be read in place. Sizes
 * stand in ZIP64 fields throughout: members may exceed 4 GiB.
 */
export function writeStoredZip(members: readonly ZipMember[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const { name, parts: content } of members) {
    const size = content.reduce((sum, part) => sum + part.length, 0);
    const checksum = content.reduce((crc, part) => crc32(part, crc), 0);
    const header = localHeader(name, size, checksum);
    directory.push(directoryHeader(name, size, checksum, offset));
    parts.push(header, ...content);
    offset += header.length + size;
  }
  const directorySize = directory.reduce((sum, part) => sum + part.length, 0);
  parts.push(...directory, directoryEnd(members.length, offset, directorySize));
  return concatenate(parts);
}

function localHeader(name: string, size: number, checksum: number): Uint8Array {
  return record([
    [4, 0x04034b50],
    ...common(name, checksum),
    [2, ZIP64_EXTRA_SIZE - 8],
    ...text(name),
    [2, 0x0001],
    [2, ZIP64_EXTRA_SIZE - 12],
    [8, size],
    [8, size],
  ]);
}

function directoryHeader(name: string, size: number, checksum: number, offset: number): Uint8Array {
  return record([
    [4, 0x02014b50],
    [2, VERSION_ZIP64],
    ...common(name, checksum),
    [2, ZIP64_EXTRA_SIZE],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, MAX_UINT32],
    ...text(name),
    [2, 0x0001],
    [2, ZIP64_EXTRA_SIZE - 4],
    [8, size],
    [8, size],
    [8, offset],
  ]);
}

/** What both headers share: version, flags, stored, time, date, checksum, sizes, length of name. */
function common(name: string, checksum: number): Field[] {
  return [
    [2, VERSION_ZIP64],
    [2, 0],
    [2, 0],
    [2, 0],
    [2, DATE],
    [4, checksum],
    [4, MAX_UINT32],
    [4, MAX_UINT32],
    [2, new TextEncoder().encode(name).length],
  ];
}

function directoryEnd(count: number, offset: number, size: number): Uint8Array {
  return record([
    [4, 0x06064b50],
    [8, 44],
    [2, VERSION_ZIP64],
    [2, VERSION_ZIP64],
    [4, 0],
    [4, 0],
    [8, count],
    [8, count],
    [8, size],
    [8, offset],
    [4, 0x07064b50],
    [4, 0],
    [8, offset + size],
    [4, 1],
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, count],
    [2, count],
    [4, Math.min(size, MAX_UINT32)],
    [4, Math.min(offset, MAX_UINT32)],
    [2, 0],
  ]);
}

/** Bytes and value of a little-endian number. */
type Field = [1 | 2 | 4 | 8, number];

function text(name: string): Field[] {
  return [...new TextEncoder().encode(name)].map((byte): Field => [1, byte]);
}

function record(fields: Field[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

function concatenate(parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
