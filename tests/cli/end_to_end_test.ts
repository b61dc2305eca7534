// The whole job as a user types it, on real scans with a network small enough for any machine.
import assert from "node:assert/strict";
import { join } from "node:path";
import { DenoStore } from "../../cli/deno_store.ts";
import { parseSummary } from "../../nnunet/evaluation/summary.ts";

const ROOT = join(import.meta.dirname!, "../..");
const EXAMPLE = join(ROOT, "examples/hippocampus/Dataset004_Hippocampus");
const TRAINING_SCANS = 6;
const MODEL = "nnUNetTrainer_1epoch__slimPlans__3d_fullres";

const adapter = await navigator.gpu?.requestAdapter();

Deno.test({
  name: `command line: raw scans to evaluated predictions${
    adapter ? "" : " (skipped: no adapter)"
  }`,
  ignore: !adapter,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    const [raw, preprocessed, results] = ["raw", "preprocessed", "results"].map((name) =>
      join(folder, name)
    );
    const call = (...args: string[]) =>
      start([...args, "--raw", raw, "--preprocessed", preprocessed, "--results", results]);
    const trainFold = ["train", "4", "3d_fullres", "0", "-p", "slimPlans"];
    const training = [...trainFold, "-tr", "nnUNetTrainer_1epoch"];
    const model = join(results, "Dataset004_Hippocampus", MODEL);
    const fold = join(model, "fold_0");
    try {
      await copyScans(join(raw, "Dataset004_Hippocampus"));

      await t.step("plan_and_preprocess", async () => {
        const { code, out } = await call(
          ...["plan_and_preprocess", "-d", "4", "-c", "3d_fullres", "--verify_dataset_integrity"],
        ).done;
        assert.equal(code, 0);
        assert.match(out, /6 cases, labels background, Anterior, Posterior/);
        await writeSlimPlans(join(preprocessed, "Dataset004_Hippocampus"));
      });

      await t.step("train stops at Ctrl-C and leaves a checkpoint", async () => {
        const run = call(...training);
        await run.printed("Current learning rate");
        run.child.kill("SIGINT");
        const { code, err } = await run.done;
        assert.equal(code, 130);
        assert.match(err, /Stopping: a checkpoint is written, --c continues from it/);
        assert.ok(await Deno.stat(join(fold, "checkpoint_latest.safetensors")));
      });

      await t.step("train --c continues, finishes and validates", async () => {
        const { code, out } = await call(...training, "--c").done;
        assert.equal(code, 0);
        assert.match(out, /Epoch 0 \n.*Current learning rate: 0\.01 \n.*train_loss -?\d/s);
        assert.match(out, /Mean Validation Dice: {2}\d\.\d+/);
        for (
          const name of ["checkpoint_final.safetensors", "progress.png", "validation/summary.json"]
        ) assert.ok(await Deno.stat(join(fold, name)), name);
      });

      await t.step("predict and evaluate_folder", async () => {
        const [images, truth, output] = ["imagesTs", "labelsTs", "out"].map((name) =>
          join(folder, name)
        );
        await copyFirst(join(EXAMPLE, "imagesTs"), images, 2);
        await copyFirst(join(EXAMPLE, "labelsTs"), truth, 2);
        const io = ["-i", images, "-o", output, "-d", "4", "-c", "3d_fullres", "-f", "0"];
        const names = ["-p", "slimPlans", "-tr", "nnUNetTrainer_1epoch"];
        assert.equal((await call("predict", ...io, ...names, "--disable_tta").done).code, 0);
        const files = ["-djfile", join(model, "dataset.json"), "-pfile", join(model, "plans.json")];
        const { code, out } = await call("evaluate_folder", truth, output, ...files).done;
        assert.equal(code, 0);
        assert.match(out, /Mean foreground Dice 0\.\d{4} of 2 cases/);
        const path = join(output, "summary.json");
        const summary = parseSummary(await Deno.readTextFile(path), path);
        assert.equal(summary.metric_per_case.length, 2);
        // How well it segments is the demo's to show: one epoch of nnU-Net's SGD teaches little.
        assert.ok(summary.foreground_mean.Dice >= 0);
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** Starts the program; `printed` resolves when its standard output contains some words. */
function start(args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "cli/main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let out = "";
  let wanted: { words: string; found: () => void } | undefined;
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      out += text;
      if (wanted && out.includes(wanted.words)) wanted.found();
    }
  })();
  const errors = new Response(child.stderr).text();
  return {
    child,
    printed: (words: string) =>
      new Promise<void>((found) => {
        wanted = { words, found };
        // When the program ends first, what comes next in the test fails with its messages.
        reading.then(() => found());
      }),
    done: (async () => {
      const { code } = await child.status;
      await reading;
      const err = await errors;
      // deno-lint-ignore no-console
      if (code !== 0 && code !== 130) console.error(out + err);
      return { code, out, err };
    })(),
  };
}

async function copyScans(target: string): Promise<void> {
  await copyFirst(join(EXAMPLE, "imagesTr"), join(target, "imagesTr"), TRAINING_SCANS);
  await copyFirst(join(EXAMPLE, "labelsTr"), join(target, "labelsTr"), TRAINING_SCANS);
  const json = JSON.parse(await Deno.readTextFile(join(EXAMPLE, "dataset.json")));
  const dataset = { ...json, numTraining: TRAINING_SCANS };
  await Deno.writeTextFile(join(target, "dataset.json"), JSON.stringify(dataset));
}

async function copyFirst(from: string, to: string, count: number): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  const entries = await new DenoStore().list(from);
  for (const { name } of entries.slice(0, count)) {
    await Deno.copyFile(join(from, name), join(to, name));
  }
}

/** The plans with a network and patches of a size that a processor trains in seconds. */
async function writeSlimPlans(folder: string): Promise<void> {
  const plans = JSON.parse(await Deno.readTextFile(join(folder, "nnUNetPlans.json")));
  const { "3d_fullres": fullres } = plans.configurations;
  const kwargs = fullres.architecture.arch_kwargs;
  const stages = 3;
  Object.assign(fullres, { patch_size: [16, 16, 16], batch_size: 2 });
  Object.assign(kwargs, {
    n_stages: stages,
    features_per_stage: [4, 8, 16],
    kernel_sizes: kwargs.kernel_sizes.slice(0, stages),
    strides: kwargs.strides.slice(0, stages),
    n_conv_per_stage: kwargs.n_conv_per_stage.slice(0, stages),
    n_conv_per_stage_decoder: kwargs.n_conv_per_stage_decoder.slice(0, stages - 1),
  });
  plans.plans_name = "slimPlans";
  await Deno.writeTextFile(join(folder, "slimPlans.json"), JSON.stringify(plans));
}
