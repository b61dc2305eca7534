import assert from "node:assert/strict";
import { DenoStore } from "../../cli/deno_store.ts";
import { readTorchCheckpoint } from "../../nnunet/interop/torch_checkpoint.ts";
import { parsePythonJson } from "../../nnunet/python_json.ts";
import { goldenNames, goldenPath, goldenTest } from "../support/golden.ts";

const store = new DenoStore(goldenPath("hippocampus"));
const json = async (path: string) =>
  parsePythonJson(new TextDecoder().decode(await store.read(path)));

for (const model of goldenNames("hippocampus", "model")) {
  for (const fold of goldenNames("hippocampus", "model", model)) {
    if (!fold.startsWith("fold_")) continue;
    for (const file of goldenNames("hippocampus", "model", model, fold)) {
      if (!file.endsWith(".pth")) continue;
      goldenTest("hippocampus", `reads ${model}/${fold}/${file}`, async () => {
        const checkpoint = await readTorchCheckpoint(store, `model/${model}/${fold}/${file}`);
        const [trainer, , configuration] = model.split("__");
        assert.equal(checkpoint.trainerName, trainer);
        assert.equal(checkpoint.configuration, configuration);
        // deno-lint-ignore no-explicit-any
        const { init_args: initArgs, logging } = checkpoint.metadata as any;
        assert.deepEqual(initArgs.plans, await json(`model/${model}/plans.json`));
        assert.deepEqual(initArgs.dataset_json, await json(`model/${model}/dataset.json`));
        assert.equal(`fold_${initArgs.fold}`, fold);
        assert.equal(logging.train_losses.length, checkpoint.currentEpoch);

        const names = [...checkpoint.weights.keys()];
        assert.ok(
          names[0].startsWith("encoder.") && names.at(-1)!.startsWith("decoder.seg_layers"),
        );
        assert.ok(names.every((name) => !name.includes("all_modules")));
        for (const [name, { shape, data }] of [...checkpoint.weights, ...checkpoint.momentum]) {
          assert.equal(data.length, shape.reduce((product, n) => product * n, 1), name);
          assert.ok(data.every(Number.isFinite), name);
        }
        // The head of the lowest resolution has weight 0 in the loss and so never had a gradient.
        const without = names.filter((name) => !checkpoint.momentum.has(name));
        assert.deepEqual(without, ["decoder.seg_layers.0.weight", "decoder.seg_layers.0.bias"]);
      });
    }
  }
}
