import type { Store } from "../store.ts";
import { damaged, unsupported } from "./damaged.ts";
import { expandPattern, findDataFiles, readData, readDataList } from "./detached_data.ts";
import { parseNumbers, readHeaderText } from "./header_text.ts";
import { deflate } from "./inflate.ts";
import { identityDirection, type ItkImage } from "./itk_image.ts";
import { bytesOf, bytesOfVoxels, typeOf, voxelsOf, type VoxelType } from "./voxels.ts";

const TYPES = new Map<string, VoxelType>([
  ["MET_CHAR", "int8"],
  ["MET_UCHAR", "uint8"],
  ["MET_SHORT", "int16"],
  ["MET_USHORT", "uint16"],
  ["MET_INT", "int32"],
  ["MET_UINT", "uint32"],
  ["MET_LONG", "int32"],
  ["MET_ULONG", "uint32"],
  ["MET_LONG_LONG", "int64"],
  ["MET_ULONG_LONG", "uint64"],
  ["MET_FLOAT", "float32"],
  ["MET_DOUBLE", "float64"],
]);

/** Whether `path` is named like a MetaImage file. */
export function isMetaImagePath(path: string): boolean {
  return /\.(mha|mhd)$/i.test(path);
}

/**
 * Reads a MetaImage file as ITK's `MetaImageIO` does.
 *
 * @throws {DataError} when the file is damaged or of a kind that is not read
 */
export async function readMetaImage(store: Store, path: string): Promise<ItkImage> {
  const last = (line: string) => /^ElementDataFile\s*=/.test(line);
  const { lines, end, fileSize } = await readHeaderText(store, path, last, { toEnd: false });
  const fields = new Map<string, string>();
  for (const line of lines) {
    const field = /^\s*(\w+)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (field) fields.set(field[1], field[2]);
  }
  const required = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw damaged(path, `its header lacks "${name}"`);
    return value;
  };
  const n = Number(required("NDims"));
  if (!(n >= 2 && n <= 4)) {
    throw unsupported(path, `it has ${fields.get("NDims")} dimensions`, "save it as a 3D image");
  }
  const numbers = (names: string[], count: number): number[] | undefined => {
    const name = names.find((name) => fields.has(name));
    if (!name) return undefined;
    const values = parseNumbers(fields.get(name)!, count);
    if (!values) throw damaged(path, `its header gives "${name} = ${fields.get(name)}"`);
    return values;
  };
  const flag = (...names: string[]) =>
    names.some((name) => /^(true|1)$/i.test(fields.get(name) ?? ""));

  required("DimSize");
  const size = numbers(["DimSize"], n)!;
  const components = Number(fields.get("ElementNumberOfChannels") ?? 1);
  if (![...size, components].every((d) => Number.isSafeInteger(d) && d >= 1)) {
    throw damaged(path, `its header gives the size ${size.join(" x ")}, ${components} channels`);
  }
  const type = TYPES.get(required("ElementType"));
  if (!type) {
    throw unsupported(path, `${fields.get("ElementType")} values are not read`, "save it as short");
  }
  if (!flag("BinaryData")) {
    throw unsupported(path, "its values are text, not binary", "save it with BinaryData = True");
  }

  const length = size.reduce((a, b) => a * b, components) * bytesOf(type);
  const skip = Number(fields.get("HeaderSize") ?? 0);
  const names = await dataNames(store, path, required("ElementDataFile"), end, fileSize);
  const [file = path, ...more] = await findDataFiles(store, path, names);
  const compressed = flag("CompressedData");
  const compressedSize = Number(fields.get("CompressedDataSize"));
  if (compressed && !(compressedSize > 0)) {
    throw damaged(path, "its values are compressed but its header lacks CompressedDataSize");
  }
  if (compressed && more.length > 0) {
    throw unsupported(path, "several compressed data files are not read", "save it as one file");
  }
  const begin = names.length === 0 ? end : 0;
  const bytes = more.length > 0
    ? await readDataList(store, [file, ...more], length, skip)
    : await readData(
      store,
      compressed
        ? { path: file, begin, end: begin + compressedSize, compression: "deflate" }
        : { path: file, begin },
      length,
      skip,
    );
  const matrix = numbers(["TransformMatrix", "Orientation", "Rotation"], n * n);
  return {
    size,
    spacing: numbers(["ElementSpacing", "ElementSize"], n) ?? size.map(() => 1),
    origin: numbers(["Offset", "Position", "Origin"], n) ?? size.map(() => 0),
    // The file lists the directions of the axes one after the other: the columns.
    direction: matrix ? transpose(matrix, n) : identityDirection(n),
    components,
    voxels: voxelsOf(bytes, type, !flag("BinaryDataByteOrderMSB", "ElementByteOrderMSB")),
  };
}

/** Writes a MetaImage as ITK does, compressed; `.mhd` gets its values in a `.zraw` beside it. */
export async function writeMetaImage(store: Store, path: string, image: ItkImage): Promise<void> {
  const n = image.size.length;
  const data = await deflate(bytesOfVoxels(image.voxels), "deflate");
  const detached = /\.mhd$/i.test(path);
  const dataPath = path.replace(/mhd$/i, "zraw");
  const type = typeOf(image.voxels);
  const lines = [
    "ObjectType = Image",
    `NDims = ${n}`,
    "BinaryData = True",
    "BinaryDataByteOrderMSB = False",
    "CompressedData = True",
    `CompressedDataSize = ${data.length}`,
    `TransformMatrix = ${transpose(image.direction, n).join(" ")}`,
    `Offset = ${image.origin.join(" ")}`,
    `CenterOfRotation = ${image.size.map(() => 0).join(" ")}`,
    `ElementSpacing = ${image.spacing.join(" ")}`,
    `DimSize = ${image.size.join(" ")}`,
    // MET_LONG is another name for int32 in the table.
    `ElementType = ${[...TYPES].find(([, t]) => t === type)![0]}`,
    `ElementDataFile = ${detached ? dataPath.slice(dataPath.lastIndexOf("/") + 1) : "LOCAL"}`,
  ];
  const head = new TextEncoder().encode(lines.join("\n") + "\n");
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

/**
 * Names of the data files: none (`LOCAL`), one, those that follow the header (`LIST`), or those of a
 * pattern (`name_%03d.raw 1 20 1`).
 */
async function dataNames(
  store: Store,
  path: string,
  field: string,
  end: number,
  fileSize: number,
): Promise<string[]> {
  if (/^local$/i.test(field)) return [];
  if (/^list\b/i.test(field)) {
    const rest = new TextDecoder().decode(await store.readRange(path, end, fileSize));
    const names = rest.split(/\r?\n/).map((name) => name.trim()).filter((name) => name !== "");
    if (names.length === 0) throw damaged(path, "its list of data files is empty");
    return names;
  }
  const pattern = /^(\S*%\d*d\S*)\s+(-?\d+)\s+(-?\d+)\s+(-?\d+)$/.exec(field);
  if (!pattern) return [field];
  const [min, max, step] = pattern.slice(2).map(Number);
  return expandPattern(path, pattern[1], min, max, step);
}

function transpose(m: number[], n: number): number[] {
  return m.map((_, i) => m[(i % n) * n + Math.floor(i / n)]);
}
