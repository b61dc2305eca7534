import assert from "node:assert/strict";
import { DataError } from "../../nnunet/errors.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";

Deno.test("MemoryStore gives back what was written, as bytes of its own", async () => {
  const store = new MemoryStore();
  const content = new Uint8Array([1, 2, 3]);
  await store.write("a/b.bin", content);
  content[0] = 9;
  const read = await store.read("./a//b.bin");
  assert.deepEqual(read, new Uint8Array([1, 2, 3]));
  read[1] = 9;
  assert.deepEqual(await store.readRange("a/x/../b.bin", 1, 3), new Uint8Array([2, 3]));
});

Deno.test("MemoryStore lists files and folders in code-point order", async () => {
  const store = new MemoryStore();
  for (const name of ["case_2", "case_10", "_a", "Case_3", "case-1", "deep/x/y"]) {
    await store.write(`raw/${name}`, "");
  }
  const entries = await store.list("raw/");
  assert.deepEqual(
    entries.map((e) => e.name),
    ["Case_3", "_a", "case-1", "case_10", "case_2", "deep"],
  );
  assert.deepEqual(entries.map((e) => e.isDirectory), [false, false, false, false, false, true]);
  assert.deepEqual(await store.list("nowhere"), []);
});

Deno.test("MemoryStore knows sizes and folders, and removes both", async () => {
  const store = new MemoryStore();
  await store.write("a/b", "hä");
  assert.equal((await store.stat("a/b"))!.size, 3);
  assert.equal((await store.stat("a"))!.isDirectory, true);
  assert.equal(await store.stat("c"), undefined);
  await store.remove("a");
  await store.remove("a");
  assert.equal(await store.stat("a/b"), undefined);
});

Deno.test("MemoryStore refuses missing files and ranges past the end", async () => {
  const store = new MemoryStore();
  await assert.rejects(store.read("a"), DataError);
  await store.write("a", "xyz");
  await assert.rejects(store.readRange("a", 2, 4), /has 3 bytes/);
  await assert.rejects(store.readRange("a", 2, 1), RangeError);
});
