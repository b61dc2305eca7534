/** Where random decisions come from; tests put recorded ones in its place. */
export interface RandomSource {
  /** Evenly distributed in `[low, high)`. */
  uniform(low: number, high: number): number;
  /** A whole number from `low` up to and without `end`. */
  integer(low: number, end: number): number;
}

/**
 * Random numbers that follow from a path of whole numbers, such as seed, epoch, iteration and sample:
 * training that continues from a checkpoint goes on as it would have, with no state to store. Philox
 * 4×32-10, the generator of `shaders/lib/random.wgsl`.
 */
export class SeededRandom implements RandomSource {
  readonly #key: [number, number];
  #counter = 0;
  #words: number[] = [];

  /** @param path whole numbers from 0 to 2^32 − 1 */
  constructor(...path: number[]) {
    // Each number of the path is mixed into the key by one run of the generator.
    this.#key = path.reduce<[number, number]>((key, number, depth) => {
      const [a, b] = philox([number, depth, 0, 0], key);
      return [a, b];
    }, [0, 0]);
  }

  uniform(low: number, high: number): number {
    const fraction = ((this.#word() >>> 5) * 2 ** 26 + (this.#word() >>> 6)) / 2 ** 53;
    return low + (high - low) * fraction;
  }

  integer(low: number, end: number): number {
    return low + Math.floor(this.uniform(0, 1) * (end - low));
  }

  #word(): number {
    if (!this.#words.length) this.#words = philox([this.#counter++, 0, 0, 1], this.#key);
    return this.#words.pop()!;
  }
}

/** Four random words of a counter and a key (Salmon et al., "Parallel random numbers", 2011). */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** Upper 32 bits of the product of two 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  return Number(BigInt.asUintN(32, (BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n));
}
