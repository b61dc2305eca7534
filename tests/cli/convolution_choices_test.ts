import assert from "node:assert/strict";
import { choicesPath, loadConvolutionChoices, tuneAndKeep } from "../../cli/convolution_choices.ts";
import { convolution, Gpu, recordConvolutions } from "../../engine/mod.ts";
import { gpuTest } from "../support/gpu_test.ts";

gpuTest("what was measured on a graphics card is kept for the next time", async (shared) => {
  const cache = await Deno.makeTempDir();
  const before = Deno.env.get("XDG_CACHE_HOME");
  Deno.env.set("XDG_CACHE_HOME", cache);
  try {
    const card = new Gpu(shared.device, { ...shared.info, software: false });
    const works = recordConvolutions(card, () => {
      convolution(card.zeros([1, 16, 8, 16, 8], "packed"), card.zeros([16, 16, 3, 3, 3]));
    });
    assert.equal(works.length, 1);
    await tuneAndKeep(card, works);
    const next = new Gpu(shared.device, { ...shared.info, software: false });
    const kept = await loadConvolutionChoices(next);
    const [choice] = Object.values(kept!.choices);
    assert.equal(
      choice.milliseconds[choice.algorithm],
      Math.min(...Object.values(choice.milliseconds)),
    );

    await Deno.writeTextFile(choicesPath(next), "{ damaged");
    assert.equal(await loadConvolutionChoices(next), undefined);
  } finally {
    if (before === undefined) Deno.env.delete("XDG_CACHE_HOME");
    else Deno.env.set("XDG_CACHE_HOME", before);
    await Deno.remove(cache, { recursive: true });
  }
});
