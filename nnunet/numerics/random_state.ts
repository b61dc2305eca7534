const N = 624;
const M = 397;

/**
 * NumPy's legacy `RandomState` (MT19937 and the sampling rules on top of it), word for word. Splits
 * and intensity sampling of nnU-Net depend on it (spec 01, section 6.4).
 */
export class RandomState {
  readonly #state = new Int32Array(N);
  #next = N;

  /** Starts the sequence that `numpy.random.RandomState(seed)` gives, `0 <= seed < 2^32`. */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError(
        `Cannot seed a RandomState with ${seed}: expected an integer of 32 bits`,
      );
    }
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < N; i++) {
      const previous = state[i - 1];
      state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** The next 32 bits, as a signed integer. */
  #bits(): number {
    if (this.#next === N) {
      twist(this.#state);
      this.#next = 0;
    }
    return temper(this.#state[this.#next++]);
  }

  /** The next 32-bit word, `0 <= word < 2^32`. */
  word(): number {
    return this.#bits() >>> 0;
  }

  /** A whole number in `[0, max]`, each as likely; `max = 0` draws nothing. */
  interval(max: number): number {
    if (max === 0) return 0;
    const mask = maskFor(max);
    let value: number;
    do value = (this.#bits() & mask) >>> 0; while (value > max);
    return value;
  }

  /** Shuffles in place. */
  shuffle<T>(values: T[] | Uint32Array): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.interval(i);
      [values[i], values[j]] = [values[j], values[i]];
    }
  }

  /** The numbers `0 ... n - 1` in random order. */
  permutation(n: number): number[] {
    const values = Array.from({ length: n }, (_, i) => i);
    this.shuffle(values);
    return values;
  }

  /** `k` of the numbers `0 ... n - 1`, with or without replacement. */
  choice(n: number, k: number, { replace }: { replace: boolean }): number[] {
    if (replace) return Array.from({ length: k }, () => this.interval(n - 1));
    if (k > n) throw new RangeError(`Cannot choose ${k} of ${n} without replacement`);
    return this.permutation(n).slice(0, k);
  }

  /** Fills `out` with values drawn with replacement, as `choice(values, out.length)` does. */
  choiceFrom(values: Float32Array, out: Float32Array): void {
    const max = values.length - 1;
    if (max < 0) throw new RangeError("Cannot draw from no values");
    if (max === 0) {
      out.fill(values[0]);
      return;
    }
    // `interval` written out: fingerprints draw 10^8 times.
    const state = this.#state;
    const mask = maskFor(max);
    let next = this.#next;
    for (let i = 0; i < out.length;) {
      if (next === N) {
        twist(state);
        next = 0;
      }
      const index = (temper(state[next++]) & mask) >>> 0;
      if (index <= max) out[i++] = values[index];
    }
    this.#next = next;
  }

  /** A double in `[low, high)` with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const a = this.#bits() >>> 5;
    const b = this.#bits() >>> 6;
    return low + (high - low) * ((a * 67108864 + b) / 9007199254740992);
  }
}

/** Smallest `2^k - 1` that is at least `max`. */
function maskFor(max: number): number {
  if (!Number.isInteger(max) || max < 0 || max > 0xffffffff) {
    throw new RangeError(`Cannot draw from [0, ${max}]: expected an integer of 32 bits`);
  }
  return max === 0 ? 0 : 0xffffffff >>> Math.clz32(max);
}

function temper(word: number): number {
  word ^= word >>> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return word ^ (word >>> 18);
}

function twist(state: Int32Array): void {
  let i = 0;
  for (; i < N - M; i++) state[i] = state[i + M] ^ mix(state[i], state[i + 1]);
  for (; i < N - 1; i++) state[i] = state[i + M - N] ^ mix(state[i], state[i + 1]);
  state[N - 1] = state[M - 1] ^ mix(state[N - 1], state[0]);
}

function mix(upper: number, lower: number): number {
  return (((upper & 0x80000000) | (lower & 0x7fffffff)) >>> 1) ^ (-(lower & 1) & 0x9908b0df);
}
