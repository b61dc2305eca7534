import assert from "node:assert/strict";
import { basename } from "node:path";
import { LogFile } from "../../cli/log_file.ts";

Deno.test("the training log has nnU-Net's file name and time stamps", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const log = new LogFile(`${folder}/fold_0`, new Date(2026, 0, 31, 9, 5, 0));
    assert.equal(basename(log.path), "training_log_2026_1_31_09_05_00.txt");
    log.writePlain("Please cite");
    log.write("", new Date(2026, 0, 31, 9, 5, 1, 7));
    log.write("Epoch 0", new Date(2026, 0, 31, 9, 5, 1, 7));
    assert.equal(
      await Deno.readTextFile(log.path),
      "Please cite\n2026-01-31 09:05:01.007000:  \n2026-01-31 09:05:01.007000: Epoch 0 \n",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
