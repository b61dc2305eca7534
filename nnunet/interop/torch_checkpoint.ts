import type { NamedArray } from "../checkpoint.ts";
import { DataError } from "../errors.ts";
import { fromOrderedEntries } from "../python_json.ts";
import type { Store } from "../store.ts";
import { readTorchFile, TorchDevice, TorchTensor } from "./torch_file.ts";

/** What nnU-Net's `checkpoint_*.pth` holds (spec 08/2.1); what old or stripped files lack is absent. */
export interface TorchCheckpoint {
  /** Parameters by canonical name, in the order of the network. */
  weights: Map<string, NamedArray>;
  /** Momentum by canonical name; parameters that never had a gradient have none. */
  momentum: Map<string, NamedArray>;
  /** `init_args.configuration`. */
  configuration: string;
  trainerName: string;
  /** `inference_allowed_mirroring_axes`. */
  mirrorAxes?: number[];
  /** The next epoch to run. */
  currentEpoch?: number;
  /** `_best_ema`. */
  bestEma?: number;
  /** All that is no tensor, as plain JSON with nnU-Net's keys: `init_args`, `logging`, … */
  metadata: Record<string, unknown>;
}

/**
 * Reads a checkpoint that nnU-Net wrote, without running anything of it.
 *
 * @throws {DataError} where the file is damaged, harmful or no checkpoint of nnU-Net
 */
export async function readTorchCheckpoint(store: Store, path: string): Promise<TorchCheckpoint> {
  const fail = (what: string): never => {
    throw new DataError(`Cannot use "${path}": ${what}, expected a checkpoint that nnU-Net wrote`);
  };
  const content = await readTorchFile(store, path);
  if (!(content instanceof Map)) return fail("it holds no dictionary");
  const state = content.get("network_weights");
  if (!(state instanceof Map)) return fail(`it has no "network_weights"`);

  const weights = new Map<string, NamedArray>();
  for (const [key, tensor] of state) {
    const name = String(key).replace(/^module\./, "");
    if (!isAlias(name)) {
      weights.set(name, namedArray(tensor) ?? fail(`"${name}" is no float tensor`));
    }
  }
  const metadata = fromOrderedEntries(
    [...content].filter(([key]) => key !== "network_weights" && key !== "optimizer_state")
      .map(([key, value]): [string, unknown] => [String(key), toPlain(value, path)]),
  );
  const {
    trainer_name: trainerName,
    init_args: initArgs,
    inference_allowed_mirroring_axes: mirrorAxes,
    current_epoch: currentEpoch,
    _best_ema: bestEma,
  } = metadata;
  const configuration = (initArgs as Record<string, unknown> | null)?.configuration;
  if (typeof trainerName !== "string") return fail(`it has no "trainer_name"`);
  if (typeof configuration !== "string") return fail(`it has no "init_args.configuration"`);
  const areAxes = Array.isArray(mirrorAxes) && mirrorAxes.every((axis) => [0, 1, 2].includes(axis));
  if (mirrorAxes !== undefined && mirrorAxes !== null && !areAxes) {
    return fail(`"inference_allowed_mirroring_axes" are no axes`);
  }
  return {
    weights,
    momentum: readMomentum(content.get("optimizer_state"), weights, fail),
    configuration,
    trainerName,
    mirrorAxes: areAxes ? mirrorAxes : undefined,
    currentEpoch: typeof currentEpoch === "number" ? currentEpoch : undefined,
    bestEma: typeof bestEma === "number" ? bestEma : undefined,
    metadata,
  };
}

/** PyTorch stores shared modules under every name they have (spec 04/5). */
function isAlias(name: string): boolean {
  return name.startsWith("decoder.encoder.") || name.includes(".all_modules.");
}

function namedArray(tensor: unknown): NamedArray | undefined {
  if (!(tensor instanceof TorchTensor)) return undefined;
  if (!["float32", "float64", "float16", "bfloat16"].includes(tensor.dtype)) return undefined;
  const data = tensor.data as Float32Array;
  return {
    shape: tensor.shape,
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  };
}

/** The optimizer counts parameters in the order of the network. */
function readMomentum(
  optimizer: unknown,
  weights: ReadonlyMap<string, NamedArray>,
  fail: (what: string) => never,
): Map<string, NamedArray> {
  const momentum = new Map<string, NamedArray>();
  const states = optimizer instanceof Map ? optimizer.get("state") : undefined;
  if (!(states instanceof Map)) return momentum;
  const names = [...weights.keys()];
  for (const [index, state] of states) {
    const name = names[index as number];
    const buffer = namedArray(state instanceof Map ? state.get("momentum_buffer") : undefined);
    if (!buffer) continue;
    if (!name || String(buffer.shape) !== String(weights.get(name)!.shape)) {
      return fail(`the optimizer state of parameter ${index} does not fit the network`);
    }
    momentum.set(name, buffer);
  }
  return momentum;
}

/** Deeper than any plan; deeper data could exhaust the stack. */
const MAX_DEPTH = 64;

/** Dictionaries as objects, tuples as arrays; shared values stay shared. */
function toPlain(
  value: unknown,
  path: string,
  depth = 0,
  done = new Map<unknown, unknown>(),
): unknown {
  if (depth > MAX_DEPTH) {
    throw new DataError(
      `Cannot use "${path}": its data is nested too deeply, save the model again`,
    );
  }
  if (done.has(value)) return done.get(value);
  const inner = (item: unknown) => toPlain(item, path, depth + 1, done);
  let plain = value;
  if (value instanceof Map) {
    plain = fromOrderedEntries([...value].map(([key, item]) => [String(key), inner(item)]));
  } else if (value instanceof Set) {
    plain = [...value].map(inner);
  } else if (Array.isArray(value)) {
    plain = Array.from(value, inner);
  } else if (value instanceof TorchDevice) {
    plain = value.name;
  }
  if (typeof value === "object") done.set(value, plain);
  return plain;
}
