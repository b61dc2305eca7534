import assert from "node:assert/strict";
import type { CaseFiles } from "../../nnunet/dataset.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import { runCases } from "../../nnunet/run_cases.ts";

const CASES: CaseFiles[] = ["a", "b", "c"].map((identifier) => ({
  identifier,
  images: [`${identifier}_0000.nii`],
  label: `${identifier}.nii`,
}));

Deno.test("runCases() returns results in the order of the cases, whichever is done first", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: string[] = [];
  const run = async ({ identifier }: CaseFiles): Promise<string> => {
    if (identifier === "a") await promise;
    if (identifier === "c") resolve();
    return identifier.toUpperCase();
  };
  const results = await runCases(new MemoryStore(), CASES, run, {
    stage: "test",
    done: 2,
    parallel: 3,
    onProgress: ({ stage, done, total, message }) =>
      seen.push(`${stage} ${done}/${total} ${message ?? ""}`),
  });
  assert.deepEqual(results, ["A", "B", "C"]);
  assert.deepEqual(seen, ["test 2/5 ", "test 3/5 b", "test 4/5 c", "test 5/5 a"]);
});

Deno.test("runCases() runs large cases alone, however many may run", async () => {
  const store = new MemoryStore();
  for (const { images: [path] } of CASES) await store.write(path, new Uint8Array(100));
  let atWork = 0, most = 0;
  const run = async (): Promise<void> => {
    most = Math.max(most, ++atWork);
    await Promise.resolve();
    atWork--;
  };
  await runCases(store, CASES, run, { stage: "test", parallel: 3, maxBytes: 1600 });
  assert.equal(most, 2);
});

Deno.test("runCases() begins no case after a failure", async () => {
  const begun: string[] = [];
  const run = ({ identifier }: CaseFiles): Promise<void> => {
    begun.push(identifier);
    return identifier === "b" ? Promise.reject(new Error("no")) : Promise.resolve();
  };
  await assert.rejects(runCases(new MemoryStore(), CASES, run, { stage: "test" }), {
    message: "no",
  });
  assert.deepEqual(begun, ["a", "b"]);
});
