/** A slice for {@linkcode dicomFile}; whatever is left out has a usual value. */
export interface DicomSlice {
  /** By row. */
  pixels: number[];
  rows: number;
  columns: number;
  /** mm between rows, between columns. */
  pixelSpacing?: number[];
  position?: number[];
  orientation?: number[];
  seriesUid?: string;
  description?: string;
  signed?: boolean;
  rescale?: { slope: number; intercept: number };
  transferSyntax?: string;
  /** More elements, in the order of their tags, before the pixels: tag, type, value. */
  extra?: [number, string, Uint8Array | string | number][];
}

export const IMPLICIT = "1.2.840.10008.1.2";
export const EXPLICIT = "1.2.840.10008.1.2.1";
const CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2";

/** A DICOM file of one slice with 16-bit pixels. */
export function dicomFile(slice: DicomSlice): Uint8Array<ArrayBuffer> {
  const { rows, columns, pixels, rescale, transferSyntax = EXPLICIT } = slice;
  const { position = [0, 0, 0], orientation = [1, 0, 0, 0, 1, 0], pixelSpacing = [1, 1] } = slice;
  const isExplicit = transferSyntax !== IMPLICIT;
  const uid = `1.2.3.${position.map((x) => Math.round(1000 * Math.abs(x))).join(".")}`;
  const meta = joined([
    element(0x00020002, "UI", CT_IMAGE_STORAGE, true),
    element(0x00020003, "UI", uid, true),
    element(0x00020010, "UI", transferSyntax, true),
  ]);
  const list: [number, string, Uint8Array | string | number][] = [
    [0x00080016, "UI", CT_IMAGE_STORAGE],
    [0x00080018, "UI", uid],
    [0x00080060, "CS", "CT"],
    [0x0008103e, "LO", slice.description ?? "Thorax"],
    [0x0020000d, "UI", "1.2.3"],
    [0x0020000e, "UI", slice.seriesUid ?? "1.2.3.4"],
    [0x00200032, "DS", position.join("\\")],
    [0x00200037, "DS", orientation.join("\\")],
    [0x00280002, "US", 1],
    [0x00280004, "CS", "MONOCHROME2"],
    [0x00280010, "US", rows],
    [0x00280011, "US", columns],
    [0x00280030, "DS", pixelSpacing.join("\\")],
    [0x00280100, "US", 16],
    [0x00280101, "US", 16],
    [0x00280102, "US", 15],
    [0x00280103, "US", slice.signed ? 1 : 0],
  ];
  if (rescale) {
    list.push([0x00281052, "DS", `${rescale.intercept}`], [0x00281053, "DS", `${rescale.slope}`]);
  }
  list.push(...slice.extra ?? []);
  list.push([0x7fe00010, "OW", new Uint8Array(Uint16Array.from(pixels).buffer)]);
  // The last of two elements with one tag counts, so that `extra` can replace.
  const byTag = [...new Map(list.map((item) => [item[0], item]))].sort(([a], [b]) => a - b);
  return joined([
    new Uint8Array(128),
    ascii("DICM"),
    element(0x00020000, "UL", Uint8Array.from([meta.length, 0, 0, 0]), true),
    meta,
    ...byTag.map(([, [tag, type, value]]) => element(tag, type, value, isExplicit)),
  ]);
}

function element(
  tag: number,
  type: string,
  value: Uint8Array | string | number,
  isExplicit: boolean,
): Uint8Array {
  const content = typeof value === "string"
    ? ascii(value + (value.length % 2 ? type === "UI" ? "\0" : " " : ""))
    : typeof value === "number"
    ? new Uint8Array(Uint16Array.of(value).buffer)
    : value;
  const isLong = !isExplicit || type === "OW" || type === "SQ";
  const length = isLong ? Uint32Array.of(content.length) : Uint16Array.of(content.length);
  return joined([
    new Uint8Array(Uint16Array.of(tag >>> 16, tag & 0xffff).buffer),
    isExplicit ? ascii(type + (isLong ? "\0\0" : "")) : new Uint8Array(),
    new Uint8Array(length.buffer),
    content,
  ]);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
