// The program as a user calls it: exit status, what goes to which stream.
import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS, nearestCommand, resolveCommand } from "../../cli/commands.ts";

const ROOT = join(import.meta.dirname!, "../..");

async function call(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "cli/main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", nnUNet_raw: "", nnUNet_preprocessed: "", nnUNet_results: "" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

Deno.test("nnU-Net's full names are understood, others lead to the nearest", () => {
  assert.equal(resolveCommand("nnUNetv2_train"), "train");
  assert.equal(resolveCommand("nnUNetv2_convert_MSD_dataset"), "convert_MSD_dataset");
  assert.equal(resolveCommand("toString"), undefined);
  assert.equal(nearestCommand("nnUNetv2_trian"), "train");
  assert.equal(nearestCommand("plan_and_preproces"), "plan_and_preprocess");
  assert.equal(nearestCommand("evaluate"), "evaluate_folder");
});

Deno.test("--help lists every command and ends with 0; no command at all ends with 2", async () => {
  const help = await call("--help");
  assert.equal(help.code, 0);
  for (const name of Object.keys(COMMANDS)) assert.ok(help.out.includes(name), name);
  assert.equal((await call()).code, 2);
});

Deno.test("every command explains itself with an example", async () => {
  for (const name of Object.keys(COMMANDS)) {
    const { code, out } = await call(name, "--help");
    assert.equal(code, 0, name);
    assert.match(out, new RegExp(`example:\n  deno run -A cli/main.ts ${name}`), name);
  }
});

Deno.test("an unknown command is one line that suggests the nearest, status 2", async () => {
  const { code, out, err } = await call("nnUNetv2_trian", "4");
  assert.deepEqual([code, out], [2, ""]);
  assert.match(
    err,
    /^Cannot run "nnUNetv2_trian": there is no such command, did you mean "train"\?/,
  );
  assert.equal(err.trimEnd().split("\n").length, 1);
});

Deno.test("a wrong argument is argparse's message, status 2", async () => {
  const { code, err } = await call("train", "4", "2d", "five");
  assert.equal(code, 2);
  assert.match(err, /error: argument fold: "five" is not a fold/);
});

Deno.test("a mistake in the data is one line on standard error, status 1", async () => {
  const files = ["-djfile", "deno.json", "-pfile", "deno.json"];
  const { code, out, err } = await call("evaluate_folder", "tests", "tests", ...files);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /^Cannot use "deno.json": /);
  assert.equal(err.trimEnd().split("\n").length, 1);
  const verbose = await call("evaluate_folder", "tests", "tests", ...files, "--verbose");
  assert.match(verbose.err, /DataError: .*\n\s+at /s);
});
