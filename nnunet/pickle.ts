import { DataError } from "./errors.ts";
import { narrow, NUMPY_CALLS, NUMPY_NAMES, PickledArray, PickledDtype } from "./pickle_numpy.ts";

/** A Python tuple; lists are plain arrays. */
export class Tuple<T = unknown> extends Array<T> {}

/** A class or function that a pickle only names, e.g. `module.function`. */
export class PickledGlobal {
  constructor(readonly name: string) {}
}

/** What a pickle may call: makes a value of the arguments, or throws where they are not as expected. */
export type PickleCall = (args: readonly unknown[]) => unknown;

/** What a pickle may do beyond plain values and NumPy arrays. */
export interface ReadPickleOptions {
  /** Further functions and classes that may be called, by `module.name`. */
  calls?: ReadonlyMap<string, PickleCall>;
  /** Further functions and classes that may be named, but not called. */
  names?: ReadonlySet<string>;
  /** Resolves persistent ids, as torch files have them. */
  persistentLoad?: (id: unknown) => unknown;
}

/** Calls that are always allowed. */
const BUILTIN_CALLS: ReadonlyMap<string, PickleCall> = new Map<string, PickleCall>([
  ["collections.OrderedDict", () => new Map()],
  ["builtins.set", makeSet],
  ["__builtin__.set", makeSet],
  ["builtins.bytes", () => new Uint8Array()],
  ["__builtin__.bytes", () => new Uint8Array()],
  ["_codecs.encode", encodeLatin1],
  ...NUMPY_CALLS,
]);

const MAX_PROTOCOL = 5;
/** Longer whole numbers are no data; turning text into them takes time that grows with the square. */
const MAX_LONG_BYTES = 1024;

/**
 * Reads a Python pickle of protocol 2 to 5. Nothing in it is executed: it may build plain values,
 * NumPy arrays and what `options` allow; anything else is refused.
 *
 * Python's `None`, `bool`, `float`, `str`, `bytes`, `list`, `tuple`, `dict` (ordered or not), `set`
 * become `null`, `boolean`, `number`, `string`, `Uint8Array`, `Array`, {@linkcode Tuple}, `Map`, `Set`;
 * `int` a `number`, or a `bigint` beyond 2^53; a NumPy array an `NdArray`, a NumPy scalar its value.
 *
 * @param path named in errors
 * @throws {DataError} when it is damaged or asks for something that is not allowed
 */
export function readPickle(
  bytes: Uint8Array,
  path: string,
  options: ReadPickleOptions = {},
): unknown {
  try {
    return new Unpickler(bytes, options).run();
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `Cannot read the pickle "${path}": ${(error as Error).message}, use a file that nnU-Net or ` +
        "this program wrote",
    );
  }
}

const MARK = Symbol("mark");
const STOP = 0x2e;

/** What each instruction does, by its byte; names as in Python's `pickletools`. */
const INSTRUCTIONS: ReadonlyMap<number, (machine: Unpickler) => void> = new Map([
  [0x80, /* PROTO */ (m) => m.checkProtocol(m.uint8())],
  [0x95, /* FRAME */ (m) => m.checkFrame(m.length8())],
  [0x28, /* MARK */ (m) => m.push(MARK)],
  [0x30, /* POP */ (m) => m.discard()],
  [0x31, /* POP_MARK */ (m) => m.popToMark()],

  [0x4e, /* NONE */ (m) => m.push(null)],
  [0x88, /* NEWTRUE */ (m) => m.push(true)],
  [0x89, /* NEWFALSE */ (m) => m.push(false)],
  [0x4a, /* BININT */ (m) => m.push(m.int32())],
  [0x4b, /* BININT1 */ (m) => m.push(m.uint8())],
  [0x4d, /* BININT2 */ (m) => m.push(m.uint16())],
  [0x8a, /* LONG1 */ (m) => m.push(m.long(m.uint8()))],
  [0x8b, /* LONG4 */ (m) => m.push(m.long(m.length4()))],
  [0x47, /* BINFLOAT */ (m) => m.push(m.float64())],
  [0x8c, /* SHORT_BINUNICODE */ (m) => m.push(m.text(m.uint8()))],
  [0x58, /* BINUNICODE */ (m) => m.push(m.text(m.length4()))],
  [0x8d, /* BINUNICODE8 */ (m) => m.push(m.text(m.length8()))],
  [0x43, /* SHORT_BINBYTES */ (m) => m.push(m.bytes(m.uint8()))],
  [0x42, /* BINBYTES */ (m) => m.push(m.bytes(m.length4()))],
  [0x8e, /* BINBYTES8 */ (m) => m.push(m.bytes(m.length8()))],
  [0x96, /* BYTEARRAY8 */ (m) => m.push(m.bytes(m.length8()))],

  [0x5d, /* EMPTY_LIST */ (m) => m.push([])],
  [0x61, /* APPEND */ (m) => m.append([m.pop()])],
  [0x65, /* APPENDS */ (m) => m.append(m.popToMark())],
  [0x29, /* EMPTY_TUPLE */ (m) => m.push(new Tuple())],
  [0x85, /* TUPLE1 */ (m) => m.push(Tuple.from(m.popMany(1)))],
  [0x86, /* TUPLE2 */ (m) => m.push(Tuple.from(m.popMany(2)))],
  [0x87, /* TUPLE3 */ (m) => m.push(Tuple.from(m.popMany(3)))],
  [0x74, /* TUPLE */ (m) => m.push(Tuple.from(m.popToMark()))],
  [0x7d, /* EMPTY_DICT */ (m) => m.push(new Map())],
  [0x73, /* SETITEM */ (m) => m.setItems(m.popMany(2))],
  [0x75, /* SETITEMS */ (m) => m.setItems(m.popToMark())],
  [0x8f, /* EMPTY_SET */ (m) => m.push(new Set())],
  [0x90, /* ADDITEMS */ (m) => m.addItems(m.popToMark())],
  [0x91, /* FROZENSET */ (m) => m.push(new Set(m.popToMark()))],

  [0x94, /* MEMOIZE */ (m) => m.memo.set(m.memo.size, m.top())],
  [0x71, /* BINPUT */ (m) => m.memo.set(m.uint8(), m.top())],
  [0x72, /* LONG_BINPUT */ (m) => m.memo.set(m.length4(), m.top())],
  [0x68, /* BINGET */ (m) => m.pushRemembered(m.uint8())],
  [0x6a, /* LONG_BINGET */ (m) => m.pushRemembered(m.length4())],

  [0x63, /* GLOBAL */ (m) => m.pushGlobal([m.line(), m.line()])],
  [0x93, /* STACK_GLOBAL */ (m) => m.pushGlobal(m.popMany(2))],
  [0x52, /* REDUCE */ (m) => m.call(m.popMany(2))],
  [0x62, /* BUILD */ (m) => m.build(m.pop())],
  [0x51, /* BINPERSID */ (m) => m.loadPersistent(m.pop())],
]);

/** A function that a pickle has named and may call. */
class Callable extends PickledGlobal {
  constructor(name: string, readonly run: PickleCall) {
    super(name);
  }
}

/** Python's stack machine for pickles. */
class Unpickler {
  readonly memo = new Map<number, unknown>();
  readonly #input: Uint8Array;
  readonly #view: DataView;
  readonly #options: ReadPickleOptions;
  readonly #stack: unknown[] = [];
  #at = 0;

  constructor(input: Uint8Array, options: ReadPickleOptions) {
    this.#input = input;
    this.#view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.#options = options;
  }

  run(): unknown {
    for (let opcode = this.uint8(); opcode !== STOP; opcode = this.uint8()) {
      const instruction = INSTRUCTIONS.get(opcode);
      if (instruction === undefined) {
        throw new Error(`its instruction 0x${opcode.toString(16)} is not allowed`);
      }
      instruction(this);
    }
    const value = this.pop();
    if (this.#stack.length > 0) throw new Error("it ends too early");
    return value;
  }

  /** Takes `count` bytes of the input and returns where they begin. */
  #take(count: number): number {
    if (!(count >= 0 && count <= this.#input.length - this.#at)) throw new Error("it is cut off");
    this.#at += count;
    return this.#at - count;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  length4(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  length8(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true));
  }

  bytes(count: number): Uint8Array {
    const begin = this.#take(count);
    return this.#input.subarray(begin, begin + count);
  }

  text(count: number): string {
    return new TextDecoder().decode(this.bytes(count));
  }

  line(): string {
    const end = this.#input.indexOf(0x0a, this.#at);
    if (end < 0) throw new Error("it is cut off");
    const text = this.text(end - this.#at);
    this.#at++;
    return text;
  }

  long(count: number): number | bigint {
    if (count > MAX_LONG_BYTES) throw new Error(`it has a number of ${count} bytes`);
    let value = 0n;
    for (const byte of this.bytes(count).toReversed()) value = value << 8n | BigInt(byte);
    return narrow(BigInt.asIntN(8 * count, value));
  }

  checkProtocol(protocol: number): void {
    if (protocol > MAX_PROTOCOL) throw new Error(`its protocol ${protocol} is unknown`);
  }

  checkFrame(length: number): void {
    if (length > this.#input.length - this.#at) throw new Error("it is cut off");
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  discard(): void {
    if (this.#stack.length === 0) throw new Error("it takes more than it made");
    this.#stack.pop();
  }

  top(): unknown {
    const value = this.#stack.at(-1);
    if (this.#stack.length === 0 || value === MARK) throw new Error("it takes more than it made");
    return value;
  }

  pop(): unknown {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error("it takes more than it made");
    return this.#stack.splice(mark).slice(1);
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || list instanceof Tuple) throw new Error("it appends to no list");
    for (const item of items) list.push(item);
  }

  setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new Error("it sets items of no dictionary");
    if (items.length % 2 === 1) throw new Error("it has a key without a value");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  addItems(items: unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw new Error("it adds items to no set");
    for (const item of items) set.add(item);
  }

  pushRemembered(index: number): void {
    if (!this.memo.has(index)) throw new Error(`it refers to value ${index}, which it never made`);
    this.push(this.memo.get(index));
  }

  pushGlobal([module, attribute]: unknown[]): void {
    const name = `${module}.${attribute}`;
    const run = BUILTIN_CALLS.get(name) ?? this.#options.calls?.get(name);
    if (run !== undefined) {
      this.push(new Callable(name, run));
    } else if (NUMPY_NAMES.has(name) || this.#options.names?.has(name)) {
      this.push(new PickledGlobal(name));
    } else {
      throw new Error(`it asks for ${name}, which is not allowed`);
    }
  }

  call([callable, args]: unknown[]): void {
    if (!(callable instanceof Callable) || !(args instanceof Tuple)) {
      throw new Error("it calls something that is not allowed");
    }
    this.push(callable.run(args));
  }

  /** Attributes of a dictionary (PyTorch gives state dicts some) mean nothing here. */
  build(state: unknown): void {
    const target = this.top();
    if (target instanceof PickledArray || target instanceof PickledDtype) target.setState(state);
    else if (!(target instanceof Map)) throw new Error("it changes something it may not");
  }

  loadPersistent(id: unknown): void {
    if (this.#options.persistentLoad === undefined) throw new Error("it refers to another file");
    this.push(this.#options.persistentLoad(id));
  }
}

/** Protocol 2 writes bytes as text of which each character is a byte. */
function encodeLatin1([text, encoding]: readonly unknown[]): Uint8Array {
  if (typeof text !== "string" || encoding !== "latin1") throw new Error("it encodes no bytes");
  return Uint8Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    if (code > 255) throw new Error("it encodes no bytes");
    return code;
  });
}

/** A set of values, given as a list. */
function makeSet([items = []]: readonly unknown[]): Set<unknown> {
  if (!Array.isArray(items)) throw new Error("it makes a set of no list");
  return new Set(items);
}
