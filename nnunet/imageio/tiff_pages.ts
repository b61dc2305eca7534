import { damaged } from "./damaged.ts";

/** One image of a TIFF file: where its data lies and what it means. */
export interface TiffPage {
  width: number;
  height: number;
  /** Values per pixel. */
  samples: number;
  bits: number;
  kind: "unsigned" | "signed" | "float";
  compression: number;
  predictor: number;
  /** Whether each sample is stored as a plane of its own. */
  planar: boolean;
  /** Extent of one tile, or of one strip. */
  segmentWidth: number;
  segmentHeight: number;
  tiled: boolean;
  offsets: number[];
  byteCounts: number[];
  description: string;
  /** Extent of a pixel along x and y in mm; `undefined` when the file gives no unit. */
  pixelSize: [number, number] | undefined;
}

/** A TIFF file, parsed but not decoded. */
export interface TiffFile {
  bytes: Uint8Array;
  littleEndian: boolean;
  pages: TiffPage[];
}

const RATIONAL = 5;

/** Millimetres of the units that resolutions are given in: inch and centimetre. */
const UNITS = new Map([[2, 25.4], [3, 10]]);

/** Bytes of each field type of TIFF 6 and BigTIFF. */
const TYPE_SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/**
 * Parses the directories of a TIFF or BigTIFF file.
 *
 * @throws {DataError} when they are damaged
 */
export function parseTiff(path: string, bytes: Uint8Array): TiffFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = bytes.length < 16 ? "" : String.fromCharCode(bytes[0], bytes[1]);
  const littleEndian = order === "II";
  const version = order === "" ? 0 : view.getUint16(2, littleEndian);
  if ((order !== "II" && order !== "MM") || (version !== 42 && version !== 43)) {
    throw damaged(path, "it does not begin like a TIFF file");
  }
  try {
    const directories = new Directories(view, littleEndian, version === 43);
    return { bytes, littleEndian, pages: directories.all().map((tags) => pageOf(path, tags)) };
  } catch (error) {
    if (error instanceof RangeError) throw damaged(path, "it ends inside its directories");
    throw error;
  }
}

type Tags = Map<number, number[]>;

class Directories {
  constructor(
    readonly view: DataView,
    readonly littleEndian: boolean,
    readonly big: boolean,
  ) {}

  all(): Tags[] {
    const found: Tags[] = [];
    const seen = new Set<number>();
    for (let at = this.#offset(this.big ? 8 : 4); at !== 0;) {
      if (seen.has(at)) throw new RangeError("directories form a circle");
      seen.add(at);
      const { tags, next } = this.#read(at);
      found.push(tags);
      at = next;
    }
    return found;
  }

  #offset(at: number): number {
    return this.big
      ? Number(this.view.getBigUint64(at, this.littleEndian))
      : this.view.getUint32(at, this.littleEndian);
  }

  #read(at: number): { tags: Tags; next: number } {
    const [countSize, entrySize, wordSize] = this.big ? [8, 20, 8] : [2, 12, 4];
    const count = this.big ? this.#offset(at) : this.view.getUint16(at, this.littleEndian);
    const tags: Tags = new Map();
    for (let i = 0; i < count; i++) {
      const entry = at + countSize + i * entrySize;
      const tag = this.view.getUint16(entry, this.littleEndian);
      const type = this.view.getUint16(entry + 2, this.littleEndian);
      const length = this.#offset(entry + 4);
      const size = TYPE_SIZES[type] ?? 0;
      if (size === 0) continue;
      const inside = size * length <= wordSize;
      const from = entry + 4 + wordSize;
      tags.set(tag, this.#values(inside ? from : this.#offset(from), type, length));
    }
    return { tags, next: this.#offset(at + countSize + count * entrySize) };
  }

  #values(at: number, type: number, length: number): number[] {
    const size = TYPE_SIZES[type];
    // Checked before memory is taken for the values.
    if (at + size * length > this.view.byteLength) throw new RangeError("values outside the file");
    return Array.from({ length }, (_, i) => {
      const from = at + i * size;
      if (size === 1) return this.view.getUint8(from);
      if (size === 2) return this.view.getUint16(from, this.littleEndian);
      if (type === RATIONAL) {
        return this.view.getUint32(from, this.littleEndian) /
          this.view.getUint32(from + 4, this.littleEndian);
      }
      if (size === 4) return this.view.getUint32(from, this.littleEndian);
      return Number(this.view.getBigUint64(from, this.littleEndian));
    });
  }
}

function pageOf(path: string, tags: Tags): TiffPage {
  const value = (tag: number, missing: number) => tags.get(tag)?.[0] ?? missing;
  const width = value(256, 0), height = value(257, 0);
  if (width < 1 || height < 1) {
    throw damaged(path, `its header gives the size ${width} x ${height}`);
  }
  const tiled = tags.has(322);
  const offsets = tags.get(tiled ? 324 : 273) ?? [];
  const unit = UNITS.get(value(296, 2)), xResolution = value(282, 0), yResolution = value(283, 0);
  const kinds = ["unsigned", "unsigned", "signed", "float"] as const;
  return {
    width,
    height,
    samples: value(277, 1),
    bits: value(258, 1),
    kind: kinds[value(339, 1)] ?? "unsigned",
    compression: value(259, 1),
    predictor: value(317, 1),
    planar: value(284, 1) === 2,
    segmentWidth: tiled ? value(322, width) : width,
    segmentHeight: tiled ? value(323, height) : Math.min(value(278, height), height),
    tiled,
    offsets,
    byteCounts: tags.get(tiled ? 325 : 279) ?? [],
    description: String.fromCharCode(...(tags.get(270) ?? []).slice(0, 1 << 16)).replace(
      /\0+$/,
      "",
    ),
    pixelSize: unit && xResolution > 0 && yResolution > 0
      ? [unit / xResolution, unit / yResolution]
      : undefined,
  };
}
