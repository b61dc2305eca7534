import { type NamedArray, readCheckpoint } from "../checkpoint.ts";
import { DataError } from "../errors.ts";
import { readTorchCheckpoint } from "../interop/torch_checkpoint.ts";
import type { Unet } from "../network/unet.ts";
import type { Store } from "../store.ts";

/** Marks the layers that turn features into classes: they stay as they were initialised. */
const SEGMENTATION_LAYERS = ".seg_layers.";

/**
 * Starts a network from another training's weights, of this program or of nnU-Net (`.pth`): all but
 * the segmentation layers are taken over (nnU-Net's `load_pretrained_weights`, spec 05/10).
 *
 * @throws {DataError} if a parameter is missing there or has another shape
 */
export async function loadPretrainedWeights(
  store: Store,
  network: Unet,
  path: string,
): Promise<void> {
  const { weights } = path.endsWith(".pth")
    ? await readTorchCheckpoint(store, path)
    : await readCheckpoint(store, path);
  const start = new Map<string, NamedArray>();
  for (const [name, own] of await network.save()) {
    start.set(name, name.includes(SEGMENTATION_LAYERS) ? own : taken(weights, name, own, path));
  }
  network.load(start);
}

function taken(
  weights: ReadonlyMap<string, NamedArray>,
  name: string,
  { shape }: NamedArray,
  path: string,
): NamedArray {
  const given = weights.get(name);
  if (given?.shape.join() === shape.join()) return given;
  const difference = given
    ? `"${name}" is [${given.shape.join(", ")}] there, the network has [${shape.join(", ")}]`
    : `it lacks "${name}"`;
  throw new DataError(
    `Cannot start from "${path}": ${difference}, ` +
      `use weights that were trained with the same plans (move_plans_between_datasets)`,
  );
}
