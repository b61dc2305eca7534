import { damaged, unsupported } from "../imageio/damaged.ts";
import { fileSize } from "../imageio/file_size.ts";
import { decodeLatin1 } from "../imageio/header_text.ts";
import type { Store } from "../store.ts";
import { type Element, ElementReader, EndOfBytes, NotDicom } from "./elements.ts";

const PREAMBLE = 128;

/** Bytes that are read at first; the pixels of most files begin within them. */
const FIRST_READ = 1 << 13;

/** Header with private elements and pictures of reports; more is no header. */
const LONGEST = 1 << 26;

const IMPLICIT = "1.2.840.10008.1.2";

/** Transfer syntaxes in which the whole file is written otherwise; hardly any program does. */
const UNREAD_FORMS: Record<string, string> = {
  "1.2.840.10008.1.2.1.99": "deflated",
  "1.2.840.10008.1.2.2": "big endian",
};

const TRANSFER_SYNTAX = 0x00020010;
const PIXEL_DATA = 0x7fe00010;

/** What stands before the pixels of a DICOM file. */
export interface FileHeader {
  /** Those of the elements asked for that the file has, by tag. */
  values: Map<number, Uint8Array>;
  transferSyntax: string;
  /** Where the pixels are; without a length when they are compressed. */
  pixels: Element;
}

/**
 * Reads the elements `tags` of a DICOM file (PS3.10) and finds its pixels.
 *
 * @throws {DataError} when it is no DICOM file, is cut off, or holds no pixels
 */
export async function readFileHeader(
  store: Store,
  path: string,
  tags: number[],
): Promise<FileHeader> {
  const size = await fileSize(store, path);
  for (let length = FIRST_READ;; length *= 8) {
    const bytes = await store.readRange(path, 0, Math.min(length, size));
    try {
      const header = parse(path, bytes, size, new Set(tags));
      const { begin, length = 0 } = header.pixels;
      if (begin + length <= size) return header;
      throw damaged(path, `the file ends at byte ${size}, its pixels at ${begin + length}`);
    } catch (error) {
      if (error instanceof NotDicom) throw damaged(path, error.message);
      if (!(error instanceof EndOfBytes)) throw error;
      if (bytes.length === size) {
        throw damaged(path, `the file ends at byte ${size}, in its header`);
      }
      if (bytes.length >= LONGEST) throw damaged(path, "its header does not end");
    }
  }
}

/** Throws {@linkcode EndOfBytes} where `bytes`, the first of `size`, are too few. */
function parse(path: string, bytes: Uint8Array, size: number, tags: Set<number>): FileHeader {
  const magic = decodeLatin1(bytes.subarray(PREAMBLE, PREAMBLE + 4));
  if (magic !== "DICM") throw new NotDicom("it does not begin like a DICOM file");
  const reader = new ElementReader(bytes, PREAMBLE + 4);
  const transferSyntax = readTransferSyntax(reader);
  const form = UNREAD_FORMS[transferSyntax];
  if (form) {
    throw unsupported(path, `its transfer syntax is ${form}`, `rewrite it with "dcmconv +te"`);
  }
  const isExplicit = transferSyntax !== IMPLICIT;
  const values = new Map<number, Uint8Array>();
  while (reader.at < size) {
    const element = reader.next(isExplicit);
    if (element.tag === PIXEL_DATA) return { values, transferSyntax, pixels: element };
    if (tags.has(element.tag)) values.set(element.tag, reader.valueOf(element));
    reader.skip(element, isExplicit);
  }
  throw unsupported(path, "it is a DICOM file without pixels", "take it out of the folder");
}

/** Reads the elements of group 2, which all transfer syntaxes write alike. */
function readTransferSyntax(reader: ElementReader): string {
  let transferSyntax = "";
  while (reader.peekGroup() === 2) {
    const element = reader.next(true);
    if (element.tag === TRANSFER_SYNTAX) transferSyntax = textOf(reader.valueOf(element));
    reader.skip(element, true);
  }
  if (transferSyntax === "") throw new NotDicom("it names no transfer syntax");
  return transferSyntax;
}

/** A value as text, without what pads it to an even length. */
export function textOf(value: Uint8Array): string {
  return decodeLatin1(value).replace(/[\0 ]+$/, "").trimStart();
}
