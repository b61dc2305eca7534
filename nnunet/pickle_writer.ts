import { bytesOf, formatDtype, type NdArray } from "./ndarray.ts";
import { Tuple } from "./pickle.ts";
import { Float } from "./python_json.ts";

/** A value that {@linkcode writePickle} can write. */
export type Picklable =
  | null
  | boolean
  | number
  | Float
  | string
  | readonly Picklable[]
  | ReadonlyMap<Picklable, Picklable>
  | NdArray
  | { readonly [key: string]: Picklable };

/**
 * Writes a Python pickle (protocol 4) that Python reads with or without NumPy 1 or 2.
 *
 * Whole numbers become `int`, others and {@linkcode Float} `float`; arrays `list`, {@linkcode Tuple}
 * `tuple`; a `Map` or an object `dict`; an `NdArray` a NumPy array.
 */
export function writePickle(value: Picklable): Uint8Array {
  const pickler = new Pickler();
  pickler.save(value);
  return pickler.finish();
}

class Pickler {
  #bytes = new Uint8Array(1024);
  #length = 0;

  constructor() {
    this.#opcodes(0x80, 4); // PROTO
  }

  finish(): Uint8Array {
    this.#opcodes(0x2e); // STOP
    return this.#bytes.slice(0, this.#length);
  }

  save(value: Picklable): void {
    if (value === null) this.#opcodes(0x4e); // NONE
    else if (typeof value === "boolean") this.#opcodes(value ? 0x88 : 0x89); // NEWTRUE, NEWFALSE
    else if (typeof value === "number") this.#saveNumber(value);
    else if (typeof value === "string") this.#saveText(value);
    else if (value instanceof Float) this.#saveFloat(value.value);
    else if (value instanceof Tuple) this.#saveTuple(value);
    else if (Array.isArray(value)) this.#saveList(value);
    else if (value instanceof Map) this.#saveDict([...value]);
    else if (isNdArray(value)) this.#saveArray(value);
    else this.#saveDict(Object.entries(value as { [key: string]: Picklable }));
  }

  #saveNumber(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) this.#saveFloat(value);
    else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.#opcodes(0x4a); // BININT
      this.#view(4).setInt32(0, value, true);
    } else {
      this.#opcodes(0x8a, 8); // LONG1 of 8 bytes
      this.#view(8).setBigInt64(0, BigInt(value), true);
    }
  }

  #saveFloat(value: number): void {
    this.#opcodes(0x47); // BINFLOAT
    this.#view(8).setFloat64(0, value);
  }

  #saveText(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.#opcodes(0x58); // BINUNICODE
    this.#view(4).setUint32(0, bytes.length, true);
    this.#raw(bytes);
  }

  #saveBytes(bytes: Uint8Array): void {
    this.#opcodes(0x8e); // BINBYTES8
    this.#view(8).setBigUint64(0, BigInt(bytes.length), true);
    this.#raw(bytes);
  }

  #saveTuple(items: readonly Picklable[]): void {
    this.#opcodes(0x28); // MARK
    for (const item of items) this.save(item);
    this.#opcodes(0x74); // TUPLE
  }

  #saveList(items: readonly Picklable[]): void {
    this.#opcodes(0x5d, 0x28); // EMPTY_LIST, MARK
    for (const item of items) this.save(item);
    this.#opcodes(0x65); // APPENDS
  }

  #saveDict(entries: readonly (readonly [Picklable, Picklable])[]): void {
    this.#opcodes(0x7d, 0x28); // EMPTY_DICT, MARK
    for (const [key, value] of entries) {
      this.save(key);
      this.save(value);
    }
    this.#opcodes(0x75); // SETITEMS
  }

  /**
   * The calls that NumPy itself writes. Of its two names for the module, the older one is known to
   * NumPy 1 and 2.
   */
  #saveArray(array: NdArray): void {
    this.#saveGlobal("numpy.core.multiarray", "_reconstruct");
    this.#opcodes(0x28); // MARK
    this.#saveGlobal("numpy", "ndarray");
    this.#saveTuple([0]);
    this.#saveBytes(new TextEncoder().encode("b"));
    this.#opcodes(0x74, 0x52, 0x28); // TUPLE, REDUCE, MARK of the state
    this.save(1);
    this.#saveTuple(array.shape);
    this.#saveDtype(array);
    this.save(false);
    this.#saveBytes(bytesOf(array));
    this.#opcodes(0x74, 0x62); // TUPLE, BUILD
  }

  #saveDtype({ dtype }: NdArray): void {
    this.#saveGlobal("numpy", "dtype");
    this.#saveTuple([dtype, false, true]);
    this.#opcodes(0x52); // REDUCE
    this.#saveTuple([3, formatDtype(dtype)[0], null, null, null, -1, -1, 0]);
    this.#opcodes(0x62); // BUILD
  }

  #saveGlobal(module: string, name: string): void {
    this.#saveText(module);
    this.#saveText(name);
    this.#opcodes(0x93); // STACK_GLOBAL
  }

  #opcodes(...codes: number[]): void {
    this.#raw(Uint8Array.from(codes));
  }

  #raw(bytes: Uint8Array): void {
    const view = this.#view(bytes.length);
    new Uint8Array(view.buffer, view.byteOffset, bytes.length).set(bytes);
  }

  /** The next `count` bytes, to be written to. */
  #view(count: number): DataView {
    const end = this.#length + count;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const view = new DataView(this.#bytes.buffer, this.#length, count);
    this.#length = end;
    return view;
  }
}

function isNdArray(value: object): value is NdArray {
  return "dtype" in value && "shape" in value && "data" in value && ArrayBuffer.isView(value.data);
}
