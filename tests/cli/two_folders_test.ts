// From two folders of pictures to a preprocessed dataset, as a user calls the program.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { goldenPath } from "../support/golden.ts";

const ROOT = join(import.meta.dirname!, "../..");
const MEMBRANES = goldenPath("../data/em_membranes");

async function call(root: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "cli/main.ts", ...args],
    cwd: ROOT,
    stdin: "null",
    env: {
      NO_COLOR: "1",
      nnUNet_raw: join(root, "raw"),
      nnUNet_preprocessed: join(root, "preprocessed"),
      nnUNet_results: join(root, "results"),
    },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(code, 0, text(stderr));
  return text(stdout);
}

async function namesIn(...parts: string[]): Promise<string[]> {
  const names = [];
  for await (const { name } of Deno.readDir(join(...parts))) names.push(name);
  return names.sort();
}

async function prepareAndPreprocess(root: string, source: string): Promise<void> {
  const names = ["--channels", "EM", "--labels", "background=0", "cell=255"];
  await call(root, "prepare", "-i", source, "-d", "Dataset005_Membranes", ...names);
  assert.match(await call(root, "dataset", "check", "-d", "5", "--no_pbar"), /nothing wrong/);
  await call(root, "plan_and_preprocess", "-d", "5", "-c", "2d", "--verify_dataset_integrity");
}

Deno.test("prepare, dataset check, plan_and_preprocess and plot_overlay_pngs go together", async () => {
  const root = await Deno.makeTempDir();
  for (let k = 0; k < 5; k++) {
    const cell = Array.from(
      { length: 32 * 32 },
      (_, i) => (i % 32 - 16) ** 2 + (i >> 5) ** 2 < 200,
    );
    const png = (of: (i: number) => number) =>
      encode({ width: 32, height: 32, data: Uint8Array.from(cell, (_, i) => of(i)), channels: 1 });
    const [images, labels] = ["input", "ground_truth"].map((name) => join(root, "source", name));
    for (const folder of [images, labels]) await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(join(images, `${k}.png`), png((i) => (cell[i] ? 150 : 20) + (i * k) % 50));
    await Deno.writeFile(join(labels, `${k}.png`), png((i) => cell[i] ? 255 : 0));
  }
  await prepareAndPreprocess(root, join(root, "source"));
  const cases = ["0", "1", "2", "3", "4"];
  const folder = join(root, "preprocessed", "Dataset005_Membranes");
  assert.deepEqual(
    (await namesIn(folder, "nnUNetPlans_2d")).filter((name) => name.endsWith(".npz")),
    cases.map((name) => `${name}.npz`),
  );
  for (const flags of [["--use_raw"], []]) {
    const out = join(root, `overlays${flags.length}`);
    await call(root, "plot_overlay_pngs", "-d", "5", "-o", out, ...flags);
    assert.deepEqual(await namesIn(out), cases.map((name) => `${name}.png`));
  }
  await Deno.remove(root, { recursive: true });
});

Deno.test({
  name: "the EM slices go from two folders to preprocessed" +
    (existsSync(MEMBRANES) ? "" : ` (skipped: no ${MEMBRANES})`),
  ignore: !existsSync(MEMBRANES),
  fn: async () => {
    const root = await Deno.makeTempDir();
    await prepareAndPreprocess(root, MEMBRANES);
    const folder = join(root, "preprocessed", "Dataset005_Membranes", "nnUNetPlans_2d");
    const cases = (await namesIn(folder)).filter((name) => name.endsWith(".npz"));
    assert.equal(cases.length, (await namesIn(MEMBRANES, "input")).length);
    await Deno.remove(root, { recursive: true });
  },
});
