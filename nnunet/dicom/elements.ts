import { decodeLatin1 } from "../imageio/header_text.ts";

/** Value representations whose length has four bytes. */
const LONG_REPRESENTATIONS = "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" ");

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const END_OF_ITEM = 0xfffee00d;
const END_OF_SEQUENCE = 0xfffee0dd;

/** Sequences in sequences; real files have a handful. */
const DEEPEST = 64;

/** The bytes end inside an element: more of the file must be read, or it is cut off. */
export class EndOfBytes extends Error {}

/** Something that no DICOM file has. */
export class NotDicom extends Error {}

/** A data element (PS3.5, section 7.1); `length` is `undefined` where a delimiter ends the value. */
export interface Element {
  /** Group and element, e.g. `0x00280010`. */
  tag: number;
  /** Two letters; empty where the file leaves it out. */
  representation: string;
  /** Where the value begins. */
  begin: number;
  length: number | undefined;
}

/** Walks over little-endian data elements, of the outermost level only. */
export class ElementReader {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    /** Position of the next element. */
    public at: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Group of the next element. */
  peekGroup(): number {
    return this.#view.getUint16(this.#need(2), true);
  }

  /** Reads what stands before a value; {@linkcode skip} moves on to the next element. */
  next(isExplicit: boolean): Element {
    const start = this.#skipBytes(4);
    const tag = this.#view.getUint16(start, true) * 0x10000 + this.#view.getUint16(start + 2, true);
    const isDelimiter = tag === ITEM || tag === END_OF_ITEM || tag === END_OF_SEQUENCE;
    let representation = "";
    if (isExplicit && !isDelimiter) {
      representation = decodeLatin1(this.bytes.subarray(this.#skipBytes(2), this.at));
      if (!/^[A-Z]{2}$/.test(representation)) {
        throw new NotDicom(`the element at byte ${start} has no type`);
      }
    }
    const length = this.#length(representation);
    return {
      tag,
      representation,
      begin: this.at,
      length: length === UNDEFINED_LENGTH ? undefined : length,
    };
  }

  /** Moves behind the value of `element`. */
  skip({ length, representation }: Element, isExplicit: boolean, depth = 0): void {
    if (length !== undefined) this.#skipBytes(length);
    // What was of unknown type is written without types (PS3.5, section 6.2.2).
    else this.#skipSequence(isExplicit && representation !== "UN", depth);
  }

  /** The value of `element`, not copied. */
  valueOf({ begin, length = 0 }: Element): Uint8Array {
    if (begin + length > this.bytes.length) throw new EndOfBytes();
    return this.bytes.subarray(begin, begin + length);
  }

  #length(representation: string): number {
    if (representation === "") return this.#view.getUint32(this.#skipBytes(4), true);
    if (!LONG_REPRESENTATIONS.includes(representation)) {
      return this.#view.getUint16(this.#skipBytes(2), true);
    }
    this.#skipBytes(2);
    return this.#view.getUint32(this.#skipBytes(4), true);
  }

  /** Moves behind the delimiter of a sequence whose length is not written. */
  #skipSequence(isExplicit: boolean, depth: number): void {
    if (depth > DEEPEST) throw new NotDicom(`sequences are nested more than ${DEEPEST} deep`);
    for (;;) {
      const { tag, length } = this.next(isExplicit);
      if (tag === END_OF_SEQUENCE) return;
      if (tag !== ITEM) throw new NotDicom(`a sequence before byte ${this.at} does not end`);
      if (length !== undefined) this.#skipBytes(length);
      else this.#skipItem(isExplicit, depth);
    }
  }

  #skipItem(isExplicit: boolean, depth: number): void {
    for (;;) {
      const element = this.next(isExplicit);
      if (element.tag === END_OF_ITEM) return;
      this.skip(element, isExplicit, depth + 1);
    }
  }

  /** Moves on by `count` bytes; returns where they begin. */
  #skipBytes(count: number): number {
    const begin = this.#need(count);
    this.at += count;
    return begin;
  }

  #need(count: number): number {
    if (this.at + count > this.bytes.length) throw new EndOfBytes();
    return this.at;
  }
}
