import { DataError } from "../errors.ts";
import { decodeNdArray, type ElementArray, elementSize, type ElementType } from "../ndarray.ts";
import { type PickleCall, PickledGlobal, readPickle, Tuple } from "../pickle.ts";
import type { Store } from "../store.ts";
import { ZipFile } from "../zip.ts";

/** Number types of PyTorch that are read here. `bfloat16` is widened to float32 in the data. */
const STORAGE_TYPES: ReadonlyMap<string, { dtype: string; element: ElementType }> = new Map([
  ["torch.FloatStorage", { dtype: "float32", element: "f4" }],
  ["torch.DoubleStorage", { dtype: "float64", element: "f8" }],
  ["torch.HalfStorage", { dtype: "float16", element: "f2" }],
  ["torch.BFloat16Storage", { dtype: "bfloat16", element: "u2" }],
  ["torch.LongStorage", { dtype: "int64", element: "i8" }],
  ["torch.IntStorage", { dtype: "int32", element: "i4" }],
  ["torch.ShortStorage", { dtype: "int16", element: "i2" }],
  ["torch.CharStorage", { dtype: "int8", element: "i1" }],
  ["torch.ByteStorage", { dtype: "uint8", element: "u1" }],
  ["torch.BoolStorage", { dtype: "bool", element: "b1" }],
]);

/** Tensors that are no plain view are copied: at most so many times the stored elements … */
const MOST_COPIES = 4;
/** … beside this many. */
const FREE_COPIES = 2 ** 20;

/** A tensor of a PyTorch file, C order. Aliases of one storage share their bytes where they can. */
export class TorchTensor {
  data: ElementArray = new Float32Array();
  constructor(
    /** PyTorch's name of the type, e.g. `float32`. */
    readonly dtype: string,
    readonly shape: readonly number[],
    public requiresGrad: boolean,
  ) {}
}

/** `torch.device`, e.g. `cpu` or `cuda:0`. */
export class TorchDevice {
  constructor(readonly name: string) {}
}

/** A member of the archive that tensors look at; its bytes are read when all of them are known. */
class Storage {
  readonly views: { tensor: TorchTensor; offset: number; strides: readonly number[] }[] = [];
  constructor(
    readonly member: string,
    readonly type: { dtype: string; element: ElementType },
    readonly count: number,
  ) {}

  /** Elements that {@linkcode fill} copies. */
  get copied(): number {
    const copies = this.views.filter(({ tensor, strides }) => !isCOrder(tensor.shape, strides));
    return sum(copies.map(({ tensor }) => product(tensor.shape)));
  }

  /** Gives every tensor its elements. */
  fill(raw: Uint8Array): void {
    const { data } = decodeNdArray(raw, this.type.element, [this.count]);
    const elements = this.type.dtype === "bfloat16" ? widenBfloat16(data as Uint16Array) : data;
    for (const { tensor, offset, strides } of this.views) {
      tensor.data = gather(elements, offset, tensor.shape, strides);
    }
  }
}

/** What a PyTorch file calls, beside what every pickle may. */
const CALLS: ReadonlyMap<string, PickleCall> = new Map<string, PickleCall>([
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", rebuildParameter],
  ["torch.device", device],
  ["torch.Size", size],
]);

/**
 * Reads a file of `torch.save` (PyTorch 1.6 or newer) as data; nothing in it is run (spec 08/2.2,
 * 2.3). Every size is checked against the bytes that are there, stricter than PyTorch does, and
 * before any memory is taken for a tensor.
 *
 * @throws {DataError} where the file is damaged, of another kind, or wants anything else than data
 */
export async function readTorchFile(store: Store, path: string): Promise<unknown> {
  const archive = await ZipFile.open(store, path);
  const pickles = [...archive.entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new DataError(
      `Cannot read "${path}": it holds ${pickles.length} files data.pkl where a PyTorch file has one, save the model again`,
    );
  }
  const folder = pickles[0].slice(0, -"data.pkl".length);
  const storages = new Map<string, Storage>();
  const content = readPickle(await archive.read(pickles[0]), path, {
    calls: CALLS,
    names: new Set(STORAGE_TYPES.keys()),
    persistentLoad(id) {
      const { member, type, count } = parseStorageId(id, folder);
      const bytes = archive.entries.get(member)?.size;
      if (bytes !== count * elementSize(type.element)) {
        throw new Error(
          `"${member}" has ${
            bytes ?? 0
          } bytes where ${count} elements of ${type.dtype} are promised`,
        );
      }
      const key = `${member} ${type.dtype}`;
      const storage = storages.get(key) ?? new Storage(member, type, count);
      storages.set(key, storage);
      return storage;
    },
  });
  const all = [...storages.values()];
  const [stored, copied] = [sum(all.map(({ count }) => count)), sum(all.map((s) => s.copied))];
  if (copied > MOST_COPIES * stored + FREE_COPIES) {
    throw new DataError(
      `Cannot read "${path}": it repeats ${stored} numbers to ${copied}, save the model again`,
    );
  }
  for (const storage of all) storage.fill(await archive.read(storage.member));
  return content;
}

function parseStorageId(id: unknown, folder: string) {
  const [kind, reference, key, location, count] = id instanceof Tuple ? id : [];
  const type = reference instanceof PickledGlobal ? STORAGE_TYPES.get(reference.name) : undefined;
  const valid = kind === "storage" && type && typeof key === "string" &&
    typeof location === "string" && Number.isSafeInteger(count) && (count as number) >= 0;
  if (!valid) throw new Error("it refers to what is no storage");
  return { member: `${folder}data/${key}`, type, count: count as number };
}

function checkFits(
  count: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): void {
  const elements = product(shape);
  const last = shape.reduce((at, n, axis) => at + (n - 1) * strides[axis], offset);
  const inside = elements > 0 ? last < count : offset <= count;
  if (!inside) {
    throw new Error(
      `it holds a tensor of shape [${shape}] that does not fit into its storage of ${count}`,
    );
  }
}

/** Elements in C order; a view where they lie like that. */
function gather(
  data: ElementArray,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): ElementArray {
  const elements = product(shape);
  if (isCOrder(shape, strides)) return data.subarray(offset, offset + elements);
  const gathered = new (data.constructor as new (length: number) => ElementArray)(elements);
  for (let to = 0; to < elements; to++) {
    let [from, rest] = [offset, to];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += rest % shape[axis] * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    gathered[to] = data[from];
  }
  return gathered;
}

function isCOrder(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** bfloat16 is the upper half of float32. */
function widenBfloat16(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const wide = Uint32Array.from(bits, (upper) => upper << 16);
  return new Float32Array(wide.buffer);
}

function rebuildTensor([storage, offset, size, stride, requiresGrad]: readonly unknown[]) {
  if (!(storage instanceof Storage && size instanceof Tuple && stride instanceof Tuple)) {
    throw new Error("it holds a malformed tensor");
  }
  const numbers = [offset, ...size, ...stride];
  const valid = numbers.every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (!valid || size.length !== stride.length) {
    throw new Error("it holds a tensor with an impossible shape or strides");
  }
  const [begin, ...rest] = numbers as number[];
  const [shape, strides] = [rest.slice(0, size.length), rest.slice(size.length)];
  checkFits(storage.count, begin, shape, strides);
  const tensor = new TorchTensor(storage.type.dtype, shape, requiresGrad === true);
  storage.views.push({ tensor, offset: begin, strides });
  return tensor;
}

function rebuildParameter([tensor, requiresGrad]: readonly unknown[]): TorchTensor {
  if (!(tensor instanceof TorchTensor)) throw new Error("it holds a malformed parameter");
  tensor.requiresGrad = requiresGrad === true;
  return tensor;
}

function device([type, index]: readonly unknown[]): TorchDevice {
  if (typeof type !== "string") throw new Error("it holds a malformed device");
  return new TorchDevice(index === undefined ? type : `${type}:${index}`);
}

function size([items]: readonly unknown[]): Tuple {
  if (!(items instanceof Tuple)) throw new Error("it holds a malformed size");
  return items;
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, n) => total * n, 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
