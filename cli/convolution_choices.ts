import { homedir } from "node:os";
import { join } from "node:path";
import {
  type ConvolutionChoices,
  convolutionChoices,
  type ConvolutionWork,
  type Gpu,
  tuneConvolutions,
  useConvolutionChoices,
} from "../engine/mod.ts";
import { DenoStore } from "./deno_store.ts";
import { progressBar } from "./progress_bar.ts";

/** Measured choices live here, a file for each adapter and driver. */
export function choicesPath({ info }: Gpu): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache");
  const name = [info.vendor, info.architecture, info.description].join(" ").trim() || "adapter";
  return join(cache, "nnunet-webgpu", `convolutions ${name.replace(/[^\w.]+/g, "_")}.json`);
}

/** Takes up what was measured on this adapter before; nothing where there is nothing, or it is damaged. */
export async function loadConvolutionChoices(gpu: Gpu): Promise<ConvolutionChoices | undefined> {
  const store = new DenoStore();
  const path = choicesPath(gpu);
  if (!await store.stat(path)) return undefined;
  try {
    const choices = JSON.parse(new TextDecoder().decode(await store.read(path)));
    return useConvolutionChoices(gpu, choices) ? choices : undefined;
  } catch {
    // A cache that cannot be read is measured anew.
    return undefined;
  }
}

/**
 * Measures which algorithm is fastest for convolutions that were not met before, and keeps the answers.
 * Software adapters are spared it: their own kernels won every bench, and each of the others would take
 * seconds to compile and run.
 */
export async function tuneAndKeep(gpu: Gpu, works: readonly ConvolutionWork[]): Promise<void> {
  if (gpu.info.software) return;
  await loadConvolutionChoices(gpu);
  const known = Object.keys(convolutionChoices(gpu).choices).length;
  const onProgress = progressBar({ closing: false });
  await tuneConvolutions(
    gpu,
    works,
    (done, total) => onProgress({ stage: "measure convolutions", done, total }),
  );
  const choices = convolutionChoices(gpu);
  if (Object.keys(choices.choices).length === known) return;
  await new DenoStore().write(choicesPath(gpu), JSON.stringify(choices, undefined, 2));
}
