import {
  decodeNdArray,
  type ElementArray,
  type ElementType,
  type NdArray,
  parseDtype,
} from "./ndarray.ts";

/** How NumPy arrays, types and scalars stand in a pickle; names of NumPy 1 and 2. */

const ARRAY_CLASS = "numpy.ndarray";

/** Classes that are named, but not called. */
export const NUMPY_NAMES: ReadonlySet<string> = new Set([ARRAY_CLASS]);

/** Functions that are called, by `module.name`. */
export const NUMPY_CALLS: [string, (args: readonly unknown[]) => unknown][] = [
  ["numpy.dtype", ([text]) => new PickledDtype(text)],
  ["numpy.core.multiarray._reconstruct", () => new PickledArray()],
  ["numpy._core.multiarray._reconstruct", () => new PickledArray()],
  ["numpy.core.multiarray.scalar", scalar],
  ["numpy._core.multiarray.scalar", scalar],
  ["numpy.core.numeric._frombuffer", fromBuffer],
  ["numpy._core.numeric._frombuffer", fromBuffer],
];

/** A `numpy.dtype`: its byte order comes after it was made. */
export class PickledDtype {
  readonly type: ElementType;
  bigEndian: boolean;

  constructor(text: unknown) {
    const parsed = typeof text === "string" ? parseDtype(text) : undefined;
    if (parsed === undefined) throw new Error(`it has data of type ${text}, which is not allowed`);
    this.type = parsed.dtype;
    this.bigEndian = parsed.bigEndian;
  }

  setState(state: unknown): void {
    this.bigEndian = Array.isArray(state) && state[1] === ">";
  }
}

/** A `numpy.ndarray`: what is in it comes after it was made. */
export class PickledArray implements NdArray {
  dtype: ElementType = "u1";
  shape: readonly number[] = [0];
  data: ElementArray = new Uint8Array();

  setState(state: unknown): void {
    if (!Array.isArray(state) || state.length !== 5) {
      throw new Error("it has an array without data");
    }
    const [, shape, dtype, fortranOrder, bytes] = state;
    this.#set(bytes, dtype, shape, fortranOrder === true);
  }

  static of(bytes: unknown, dtype: unknown, shape: unknown, order: unknown): PickledArray {
    const array = new PickledArray();
    array.#set(bytes, dtype, shape, order === "F");
    return array;
  }

  #set(bytes: unknown, dtype: unknown, shape: unknown, fortranOrder: boolean): void {
    if (
      !(dtype instanceof PickledDtype) || !(bytes instanceof Uint8Array) || !Array.isArray(shape)
    ) {
      throw new Error("it has an array without data");
    }
    const { bigEndian } = dtype;
    Object.assign(this, decodeNdArray(bytes, dtype.type, [...shape], { bigEndian, fortranOrder }));
  }
}

function fromBuffer([bytes, dtype, shape, order]: readonly unknown[]): PickledArray {
  return PickledArray.of(bytes, dtype, shape, order);
}

function scalar([dtype, bytes]: readonly unknown[]): number | bigint | boolean {
  const { dtype: type, data: [value] } = PickledArray.of(bytes, dtype, [], "C");
  return type === "b1" ? value !== 0 : typeof value === "bigint" ? narrow(value) : value;
}

/** A number where that is exact. */
export function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
