import type { Store } from "../store.ts";
import { damaged, unsupported } from "./damaged.ts";
import { expandPattern, findDataFiles, readData, readDataList } from "./detached_data.ts";
import { decodeLatin1, readHeaderText } from "./header_text.ts";
import { deflate } from "./inflate.ts";
import { identityDirection, type ItkImage } from "./itk_image.ts";
import { type NrrdHeader, parseNrrdHeader } from "./nrrd_header.ts";
import { bytesOf, bytesOfVoxels, typeOf, type Voxels, voxelsOf } from "./voxels.ts";

/** Kinds of axes that run through space or time; the others hold the components of a voxel. */
const DOMAIN_KINDS = ["domain", "space", "time", "", "none", "???"];

/** Whether `path` is named like an NRRD file, attached or detached. */
export function isNrrdPath(path: string): boolean {
  return /\.(nrrd|nhdr)$/i.test(path);
}

/**
 * Reads an NRRD file as ITK's `NrrdImageIO` does: RAS and LAS become LPS, any other space is taken
 * as it is.
 *
 * @throws {DataError} when the file is damaged or of a kind that is not read
 */
export async function readNrrd(store: Store, path: string): Promise<ItkImage> {
  const text = await readHeaderText(store, path, (line) => line === "", { toEnd: true });
  const header = parseNrrdHeader(path, text);
  const domain = header.sizes.map((_, i) => i)
    .filter((i) => DOMAIN_KINDS.includes(header.kinds[i] ?? ""));
  const n = domain.length;
  if (n !== (header.spaceDimension ?? n) || n < 2 || n > 4 || header.sizes.length - n > 1) {
    throw unsupported(
      path,
      `it has ${n} spatial axes of ${header.sizes.length} in a space of ${
        header.spaceDimension ?? n
      }`,
      "give the kinds of its axes or save it as a 3D image",
    );
  }
  const voxels = await readVoxels(store, path, header, text.end);
  const range = header.sizes.findIndex((_, i) => !domain.includes(i));
  const components = range < 0 ? 1 : header.sizes[range];
  return {
    size: domain.map((i) => header.sizes[i]),
    ...geometry(header, domain),
    components,
    voxels: range > 0 ? componentsFirst(voxels, header.sizes, range) : voxels,
  };
}

/** Writes an NRRD file as ITK does, in gzip encoding; `.nhdr` gets its values in a file beside it. */
export async function writeNrrd(store: Store, path: string, image: ItkImage): Promise<void> {
  const n = image.size.length;
  const type = typeOf(image.voxels);
  const vector = (values: number[]) => `(${values.join(",")})`;
  const directions = image.spacing.map((s, j) =>
    vector(image.spacing.map((_, i) => image.direction[i * n + j] * s))
  );
  const detached = /\.nhdr$/i.test(path);
  const dataPath = path.replace(/nhdr$/i, "raw.gz");
  const lines = [
    "NRRD0004",
    `type: ${type === "float32" ? "float" : type === "float64" ? "double" : type}`,
    `dimension: ${n}`,
    n === 3 ? "space: left-posterior-superior" : `space dimension: ${n}`,
    `sizes: ${image.size.join(" ")}`,
    `space directions: ${directions.join(" ")}`,
    `kinds: ${image.size.map(() => "domain").join(" ")}`,
    ...(bytesOf(type) > 1 ? ["endian: little"] : []),
    "encoding: gzip",
    `space origin: ${vector(image.origin)}`,
    ...(detached ? [`data file: ${dataPath.slice(dataPath.lastIndexOf("/") + 1)}`] : []),
  ];
  const head = new TextEncoder().encode(lines.join("\n") + "\n\n");
  const data = await deflate(bytesOfVoxels(image.voxels), "gzip");
  if (detached) {
    await store.write(dataPath, data);
    await store.write(path, head);
  } else {
    const file = new Uint8Array(head.length + data.length);
    file.set(head);
    file.set(data, head.length);
    await store.write(path, file);
  }
}

async function readVoxels(
  store: Store,
  path: string,
  header: NrrdHeader,
  end: number,
): Promise<Voxels> {
  const { type, encoding, littleEndian, byteSkip } = header;
  const count = header.sizes.reduce((a, b) => a * b, 1);
  const length = count * bytesOf(type);
  const paths = await findDataFiles(store, path, dataNames(path, header));
  const compression = encoding === "gzip" ? "gzip" : undefined;
  if (paths.length > 1) {
    if (encoding === "ascii" || encoding === "hex" || header.lineSkip > 0) {
      throw unsupported(path, `several ${encoding} data files are not read`, "save it as one file");
    }
    const bytes = await readDataList(store, paths, length, byteSkip, compression);
    return voxelsOf(bytes, type, littleEndian);
  }
  const dataPath = paths[0] ?? path;
  const begin = await skipLines(store, dataPath, paths.length > 0 ? 0 : end, header.lineSkip);
  if (encoding === "ascii" || encoding === "hex") {
    const text = decodeLatin1((await store.read(dataPath)).subarray(begin + byteSkip));
    return encoding === "hex"
      ? voxelsOf(parseHex(dataPath, text, length), type, littleEndian)
      : parseAscii(dataPath, text, header, count);
  }
  const place = { path: dataPath, begin, compression } as const;
  return voxelsOf(await readData(store, place, length, byteSkip), type, littleEndian);
}

function dataNames(path: string, { dataFiles }: NrrdHeader): string[] {
  const pattern = /^(\S*%\d*d\S*) (-?\d+) (-?\d+) (-?\d+)( \d+)?$/.exec(dataFiles[0] ?? "");
  if (!pattern) return dataFiles;
  const [min, max, step] = pattern.slice(2, 5).map(Number);
  return expandPattern(path, pattern[1], min, max, step);
}

async function skipLines(
  store: Store,
  path: string,
  begin: number,
  lines: number,
): Promise<number> {
  if (lines === 0) return begin;
  const bytes = await store.read(path);
  for (let i = 0; i < lines; i++) {
    const newline = bytes.indexOf(10, begin);
    if (newline < 0) throw damaged(path, `it has fewer than ${lines} lines to skip`);
    begin = newline + 1;
  }
  return begin;
}

function parseAscii(path: string, text: string, { type }: NrrdHeader, count: number): Voxels {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length < count) {
    throw damaged(path, `it holds ${words.length} values, its header promises ${count}`);
  }
  const values = Float64Array.from(words.slice(0, count), Number);
  if (values.some((x, i) => Number.isNaN(x) && !/^nan$/i.test(words[i]))) {
    throw damaged(path, "some of its values are not numbers");
  }
  return /^float32|^float64|64$/.test(type)
    ? type === "float32" ? Float32Array.from(values) : values
    : Int32Array.from(values);
}

function parseHex(path: string, text: string, length: number): Uint8Array {
  const digits = text.replace(/\s+/g, "");
  if (digits.length < 2 * length || /[^0-9a-f]/i.test(digits)) {
    throw damaged(path, `it holds ${digits.length} hex digits, its header promises ${2 * length}`);
  }
  return Uint8Array.from({ length }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

function geometry(
  header: NrrdHeader,
  domain: number[],
): Pick<ItkImage, "spacing" | "origin" | "direction"> {
  const n = domain.length;
  const { space = "", directions, spacings, axisMins } = header;
  const spacing = domain.map((axis) => {
    const vector = directions?.[axis];
    // The plain square root that Teem takes; Math.hypot differs in the last bit.
    const length = vector && Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    return (length ?? spacings?.[axis]) || 1;
  });
  // To LPS: RAS turns x and y, LAS turns y.
  const ras = /^(ras|right-anterior-superior)/.test(space);
  const las = /^(las|left-anterior-superior)/.test(space);
  const sign = (row: number) => row === 0 && ras || row === 1 && (ras || las) ? -1 : 1;
  if (header.spaceDimension === undefined) {
    const origin = domain.map((axis, i) => {
      const min = axisMins?.[axis] ?? NaN;
      if (Number.isNaN(min)) return 0;
      return min + (header.centerings[axis] === "node" ? 0 : spacing[i] / 2);
    });
    return { spacing, origin, direction: identityDirection(n) };
  }
  const direction = identityDirection(n);
  domain.forEach((axis, j) => {
    const vector = directions?.[axis];
    if (!vector) return;
    for (let i = 0; i < n; i++) direction[i * n + j] = sign(i) * vector[i] / spacing[j] || 0;
  });
  const origin = domain.map((_, i) => sign(i) * (header.origin?.[i] || 0) || 0);
  return { spacing, origin, direction };
}

/** Moves axis `from` to the front. */
function componentsFirst<T extends Voxels>(voxels: T, sizes: number[], from: number): T {
  const out = voxels.slice() as T;
  const inner = sizes.slice(0, from).reduce((a, b) => a * b, 1);
  const components = sizes[from];
  const outer = voxels.length / inner / components;
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      for (let c = 0; c < components; c++) out[to++] = voxels[(o * components + c) * inner + i];
    }
  }
  return out;
}
