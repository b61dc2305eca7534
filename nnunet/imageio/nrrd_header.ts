import { damaged, unsupported } from "./damaged.ts";
import { type HeaderText, parseNumbers } from "./header_text.ts";
import type { VoxelType } from "./voxels.ts";

/** What an NRRD header says (teem.sourceforge.net/nrrd/format.html); axes fastest first. */
export interface NrrdHeader {
  type: VoxelType;
  sizes: number[];
  encoding: "raw" | "gzip" | "ascii" | "hex";
  littleEndian: boolean;
  lineSkip: number;
  byteSkip: number;
  /** Names given under `data file`; empty when the values follow the header. */
  dataFiles: string[];
  /** Lower case. */
  space: string | undefined;
  spaceDimension: number | undefined;
  /** Per axis; `undefined` for `none`. */
  directions: (number[] | undefined)[] | undefined;
  origin: number[] | undefined;
  spacings: number[] | undefined;
  axisMins: number[] | undefined;
  centerings: string[];
  kinds: string[];
}

const INTEGERS: [string, VoxelType, VoxelType][] = [
  ["short", "int16", "uint16"],
  ["int", "int32", "uint32"],
  ["long long", "int64", "uint64"],
];
const TYPES = new Map<string, VoxelType>([
  ["float", "float32"],
  ["double", "float64"],
  ["signed char", "int8"],
  ["int8", "int8"],
  ["int8_t", "int8"],
  ["uchar", "uint8"],
  ["unsigned char", "uint8"],
  ["uint8", "uint8"],
  ["uint8_t", "uint8"],
  ...INTEGERS.flatMap(([c, signed, unsigned]): [string, VoxelType][] => [
    [c, signed],
    [`signed ${c}`, signed],
    [`unsigned ${c}`, unsigned],
    [`${c} int`, signed],
    [`signed ${c} int`, signed],
    [`unsigned ${c} int`, unsigned],
    [c.replace(" ", ""), signed],
    [`u${c.replace(" ", "")}`, unsigned],
    [signed, signed],
    [unsigned, unsigned],
    [`${signed}_t`, signed],
    [`${unsigned}_t`, unsigned],
  ]),
]);

const ENCODINGS = new Map<string, NrrdHeader["encoding"]>([
  ["raw", "raw"],
  ["gz", "gzip"],
  ["gzip", "gzip"],
  ["txt", "ascii"],
  ["text", "ascii"],
  ["ascii", "ascii"],
  ["hex", "hex"],
]);

const SPACE_DIMENSIONS: [RegExp, number][] = [
  [/^(ra|la|lp)s$|^(right|left)-(anterior|posterior)-superior$/, 3],
  [/^(scanner-xyz|3d-(right|left)-handed)$/, 3],
  [/^(ra|la|lp)st$|^(right|left)-(anterior|posterior)-superior-time$/, 4],
  [/^(scanner-xyz-time|3d-(right|left)-handed-time)$/, 4],
];

/**
 * Understands the lines of an NRRD header.
 *
 * @throws {DataError} when a field is missing, wrong or of a kind that is not read
 */
export function parseNrrdHeader(path: string, { lines }: HeaderText): NrrdHeader {
  if (!/^NRRD000[1-5]$/.test(lines[0] ?? "")) {
    throw damaged(path, "it does not begin like an NRRD file");
  }
  const { fields, dataFiles } = parseFields(lines);
  const required = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw damaged(path, `its header lacks "${name}"`);
    return value;
  };
  const numbers = (name: string, count: number): number[] | undefined => {
    const value = fields.get(name);
    if (value === undefined) return undefined;
    const parsed = parseNumbers(value, count);
    if (!parsed) throw damaged(path, `its header gives "${name}: ${value}" for ${count} axes`);
    return parsed;
  };

  const typeName = required("type").toLowerCase();
  const blocks = fields.has("block size") || fields.has("blocksize");
  const type = blocks ? undefined : TYPES.get(typeName);
  if (!type) {
    throw unsupported(
      path,
      `values of type "${blocks ? "block" : typeName}" are not read`,
      "save it as short",
    );
  }
  const encodingName = required("encoding").toLowerCase();
  const encoding = ENCODINGS.get(encodingName);
  if (!encoding) {
    throw unsupported(path, `its encoding "${encodingName}" is not read`, "save it as gzip");
  }
  const dimension = Number(required("dimension"));
  required("sizes");
  const sizes = numbers("sizes", dimension)!;
  if (!sizes.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw damaged(path, `its header gives the size ${sizes.join(" x ")}`);
  }
  const wide = !/8$/.test(type);
  if (wide && (encoding === "raw" || encoding === "gzip" || encoding === "hex")) required("endian");

  const space = fields.get("space")?.toLowerCase();
  const known = SPACE_DIMENSIONS.find(([names]) => space !== undefined && names.test(space));
  if (space !== undefined && !known) throw damaged(path, `its header names the space "${space}"`);
  const spaceDimension = known?.[1] ??
    (fields.has("space dimension") ? Number(fields.get("space dimension")) : undefined);
  const vectors = (name: string, count: number) => {
    const value = fields.get(name);
    if (value === undefined) return undefined;
    const parsed = parseVectors(value, spaceDimension);
    if (parsed?.length !== count) throw damaged(path, `its header gives "${name}: ${value}"`);
    return parsed;
  };
  return {
    type,
    sizes,
    encoding,
    littleEndian: fields.get("endian")?.toLowerCase() !== "big",
    lineSkip: Number(fields.get("line skip") ?? fields.get("lineskip") ?? 0),
    byteSkip: Number(fields.get("byte skip") ?? fields.get("byteskip") ?? 0),
    dataFiles,
    space,
    spaceDimension,
    directions: vectors("space directions", dimension),
    origin: vectors("space origin", 1)?.[0],
    spacings: numbers("spacings", dimension),
    axisMins: numbers("axis mins", dimension) ?? numbers("axismins", dimension),
    centerings: (fields.get("centerings") ?? fields.get("centers") ?? "").split(/\s+/),
    kinds: (fields.get("kinds") ?? "").toLowerCase().split(/\s+/),
  };
}

function parseFields(lines: string[]): { fields: Map<string, string>; dataFiles: string[] } {
  const fields = new Map<string, string>();
  let dataFiles: string[] = [];
  for (const [i, line] of lines.entries()) {
    const field = /^([^:=#]+): *(.*)$/.exec(line);
    if (i === 0 || !field) continue;
    const name = field[1].trim().toLowerCase();
    fields.set(name, field[2].trim());
    if (name !== "data file" && name !== "datafile") continue;
    const list = /^LIST\b/.test(field[2]);
    dataFiles = list ? lines.slice(i + 1).filter((l) => l.trim() !== "") : [field[2].trim()];
    if (list) break;
  }
  return { fields, dataFiles };
}

/** `(1,0,0) none (0,1,0)`; `undefined` when it cannot be understood. */
function parseVectors(
  text: string,
  dimension: number | undefined,
): (number[] | undefined)[] | undefined {
  const parts = text.match(/none|\([^)]*\)/gi) ?? [];
  const vectors = parts.map((part) =>
    /^none$/i.test(part)
      ? undefined
      : parseNumbers(part.slice(1, -1).replaceAll(",", " "), dimension)
  );
  const bad = vectors.some((v, i) => v === undefined && !/^none$/i.test(parts[i]));
  return bad ? undefined : vectors;
}
