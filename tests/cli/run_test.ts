import assert from "node:assert/strict";
import { formatSummary, parseSummary } from "../run.ts";

Deno.test("the closing line counts what deno test counted", () => {
  const output = "ok | 99 passed | 0 failed (1ms)\n\n\x1b[0m\x1b[31mFAILED\x1b[0m | 3 passed " +
    "(12 steps) | 1 failed (2 steps) | 4 ignored \x1b[0m\x1b[38;5;245m(5ms)\x1b[0m\n\nerror: Test failed\n";
  const counts = parseSummary(output);
  assert.deepEqual(counts, { passed: 3, failed: 1, ignored: 4 });
  assert.equal(formatSummary(counts), "3 passed, 1 failed, 4 skipped");
  assert.equal(formatSummary({ passed: 3, failed: 0, ignored: 0 }), "3 passed, 0 failed");
  assert.equal(parseSummary("error: Type checking failed.\n"), undefined);
});
