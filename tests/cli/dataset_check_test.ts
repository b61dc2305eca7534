import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";
import { formatReport } from "../../cli/dataset_check.ts";
import type { Problem } from "../../nnunet/dataset_check/check_dataset.ts";

const ROOT = join(import.meta.dirname!, "../..");

Deno.test("the table shows the worst first, five of a kind, and what --fix would do", () => {
  const problems: Problem[] = [
    ...Array.from({ length: 7 }, (_, i): Problem => ({
      kind: "file name",
      severity: "error",
      where: `imagesTr/c${i}.png`,
      found: "an image needs a channel number",
      fix: `rename to c${i}_0000.png`,
    })),
    {
      kind: "orientation",
      severity: "warning",
      where: "c1",
      found: "voxels run RAS, LPS in most cases",
      advice: "turn them alike",
    },
  ];
  const lines = formatReport("Dataset005_X", { cases: 7, problems }, { all: false });
  assert.deepEqual(lines, [
    "Dataset005_X: 7 cases, 7 errors, 1 warning",
    ...Array.from({ length: 5 }, (_, i) => [
      `  error    file name    imagesTr/c${i}.png  an image needs a channel number`,
      ...i === 4 ? [`${" ".repeat(41)}… and 2 more (--verbose shows all)`] : [],
      `${" ".repeat(41)}→ --fix: rename to c${i}_0000.png`,
    ]).flat(),
    "  warning  orientation  c1               voxels run RAS, LPS in most cases",
    `${" ".repeat(41)}→ you: turn them alike`,
  ]);
  assert.equal(formatReport("D", { cases: 7, problems }, { all: true }).length, 1 + 14 + 2);
  assert.deepEqual(formatReport("D", { cases: 1, problems: [] }, { all: false }), [
    "D: 1 case, nothing wrong",
  ]);
});

Deno.test("errors give status 1 and the command that repairs them; --fix repairs", async () => {
  const raw = await Deno.makeTempDir();
  const folder = join(raw, "Dataset005_X");
  for (const name of ["imagesTr", "labelsTr"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  for (let k = 0; k < 5; k++) {
    const png = (values: number[]) =>
      encode({ width: 2, height: 2, data: Uint8Array.from(values), channels: 1, depth: 8 });
    await Deno.writeFile(join(folder, `imagesTr/c${k}.png`), png([k, 1, 2, 3]));
    await Deno.writeFile(join(folder, `labelsTr/c${k}.png`), png([0, 255, 255, 0]));
  }
  const call = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "cli/main.ts", "dataset", "check", "-d", "5", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1", nnUNet_raw: raw, nnUNet_preprocessed: "", nnUNet_results: "" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  };
  const dry = await call("--no_pbar");
  assert.equal(dry.code, 1);
  assert.match(dry.out, /→ --fix: rename to c0_0000.png/);
  assert.match(
    dry.err,
    /^Cannot train with Dataset005_X: 7 errors above, ".* dataset check -d 5 --fix" repairs 7\n$/,
  );
  assert.ok(await Deno.stat(join(folder, "imagesTr/c0.png")), "nothing is changed without --fix");
  const fixed = await call("--fix", "--no_pbar");
  assert.equal(fixed.code, 0, fixed.err);
  assert.match(fixed.out, /Repaired. What is left:\nDataset005_X: 5 cases, nothing wrong\n$/);
  await Deno.remove(raw, { recursive: true });
});
