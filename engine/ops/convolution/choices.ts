import { deviceMilliseconds } from "../../device_time.ts";
import type { Gpu } from "../../gpu.ts";

/**
 * Below so many multiply-adds a kernel made for the shape takes longer to compile than it ever saves:
 * `direct` does it.
 */
export const TOY_MULTIPLY_ADDS = 2e6;

/** Work that several algorithms can do. */
export interface ConvolutionWork<Algorithm extends { name: string } = { name: string }> {
  /** Names the operation with its shape; the same work always has the same name. */
  name: string;
  /** The algorithms that can do it; what is not measured is done by the first. */
  algorithms: readonly Algorithm[];
  /** Enqueues it once, on memory of its own. */
  run(algorithm: Algorithm): void;
}

/** The algorithm for one piece of work, and the times that it was chosen by. */
export interface ConvolutionChoice {
  algorithm: string;
  /** Milliseconds of each algorithm. */
  milliseconds: Record<string, number>;
}

/** Measured choices of one adapter, ready for `JSON.stringify`. */
export interface ConvolutionChoices {
  adapter: string;
  choices: Record<string, ConvolutionChoice>;
}

interface State {
  choices: Map<string, ConvolutionChoice>;
  /** While recording: the work met so far, by name. */
  recorded?: Map<string, ConvolutionWork>;
}

const states = new WeakMap<Gpu, State>();

function stateOf(gpu: Gpu): State {
  let state = states.get(gpu);
  if (!state) states.set(gpu, state = { choices: new Map() });
  return state;
}

/** The algorithm that was measured to be fastest for this work, or else the first. */
export function chooseAlgorithm<Algorithm extends { name: string }>(
  gpu: Gpu,
  work: ConvolutionWork<Algorithm>,
): Algorithm {
  const { choices, recorded } = stateOf(gpu);
  recorded?.set(work.name, work as unknown as ConvolutionWork);
  const chosen = choices.get(work.name)?.algorithm;
  return work.algorithms.find(({ name }) => name === chosen) ?? work.algorithms[0];
}

/**
 * Every convolution, each once, that `enqueue` asks for: run a training step or a prediction in it, then
 * hand the result to {@linkcode tuneConvolutions}.
 */
export function recordConvolutions(gpu: Gpu, enqueue: () => void): ConvolutionWork[] {
  const state = stateOf(gpu);
  const recorded = state.recorded = new Map<string, ConvolutionWork>();
  try {
    gpu.scope(enqueue);
  } finally {
    state.recorded = undefined;
  }
  return [...recorded.values()];
}

/** Device time that the measured runs of one algorithm take together, unless one run takes longer. */
const MEASURED_MS = 20;
const MOST_RUNS = 50;

/**
 * Measures every algorithm for work that has no choice yet and takes the fastest from then on; until
 * then, and without, a rule by shape decides.
 *
 * @param progress called after each piece of work
 */
export async function tuneConvolutions(
  gpu: Gpu,
  works: readonly ConvolutionWork[],
  progress?: (done: number, all: number) => void,
): Promise<void> {
  const { choices } = stateOf(gpu);
  for (const [done, work] of works.entries()) {
    if (!choices.has(work.name)) choices.set(work.name, await measure(gpu, work));
    progress?.(done + 1, works.length);
  }
}

async function measure(gpu: Gpu, work: ConvolutionWork): Promise<ConvolutionChoice> {
  const milliseconds: Record<string, number> = {};
  for (const algorithm of work.algorithms) {
    const times = (count: number) =>
      deviceMilliseconds(gpu, () => {
        for (let i = 0; i < count; i++) gpu.scope(() => work.run(algorithm));
      });
    await times(1); // compiles
    const once = await times(1);
    const runs = Math.ceil(Math.min(MOST_RUNS, MEASURED_MS / once));
    milliseconds[algorithm.name] = runs > 1 ? await times(runs) / runs : once;
  }
  const [fastest] = Object.entries(milliseconds).sort(([, a], [, b]) => a - b);
  return { algorithm: fastest![0], milliseconds };
}

/** The choices measured so far, to be kept for the next time; those of another driver differ. */
export function convolutionChoices(gpu: Gpu): ConvolutionChoices {
  return { adapter: adapterOf(gpu), choices: Object.fromEntries(stateOf(gpu).choices) };
}

/**
 * Takes choices that were kept, in place of measured ones of the same work. Those of another adapter are
 * not taken: returns false.
 */
export function useConvolutionChoices(gpu: Gpu, { adapter, choices }: ConvolutionChoices): boolean {
  if (adapter !== adapterOf(gpu)) return false;
  for (const [name, choice] of Object.entries(choices)) stateOf(gpu).choices.set(name, choice);
  return true;
}

function adapterOf({ info: { vendor, architecture, description } }: Gpu): string {
  return [vendor, architecture, description].filter(Boolean).join(", ");
}
