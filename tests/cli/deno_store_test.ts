import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { DenoStore } from "../../cli/deno_store.ts";
import { DataError } from "../../nnunet/errors.ts";

async function inFolder(test: (store: DenoStore, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(new DenoStore(folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("DenoStore reads back whole files and ranges of what it wrote", () =>
  inFolder(async (store) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(300),
        fc.nat(300),
        async (b, p, q) => {
          const [begin, end] = [p, q].map((x) => Math.min(x, b.length)).sort((x, y) => x - y);
          await store.write("some/folder/file.bin", b);
          assert.deepEqual(await store.read("some/folder/file.bin"), b);
          assert.deepEqual(
            await store.readRange("some/folder/file.bin", begin, end),
            b.slice(begin, end),
          );
          assert.equal((await store.stat("some/folder/file.bin"))?.size, b.length);
        },
      ),
      { numRuns: 30 },
    );
    await store.write("text.json", "é");
    assert.deepEqual([...await store.read("text.json")], [0xc3, 0xa9]);
  }));

Deno.test("DenoStore.write() leaves the old file and nothing else when it cannot finish", () =>
  inFolder(async (store, folder) => {
    await store.write("a/file", "old");
    // A folder cannot be replaced by a file: the rename at the end fails.
    await assert.rejects(store.write("a", "new"), DataError);
    assert.equal(new TextDecoder().decode(await store.read("a/file")), "old");
    const names = [];
    for await (const { name } of Deno.readDir(folder)) names.push(name);
    assert.deepEqual(names, ["a"]);
  }));

Deno.test("DenoStore.list() sorts by code point and follows links", () =>
  inFolder(async (store, folder) => {
    // U+FFFD sorts after U+1F600 in UTF-16 units, before it in code points.
    for (const name of ["b", "_", "B", "\u{1f600}", "\ufffd", "a10", "a1"]) {
      await store.write(name, "");
    }
    await Deno.mkdir(join(folder, "dir"));
    await Deno.symlink(join(folder, "dir"), join(folder, "link"));
    const entries = await store.list("");
    assert.deepEqual(entries.map((e) => e.name), [
      "B",
      "_",
      "a1",
      "a10",
      "b",
      "dir",
      "link",
      "\ufffd",
      "\u{1f600}",
    ]);
    assert.deepEqual(entries.filter((e) => e.isDirectory).map((e) => e.name), ["dir", "link"]);
    assert.deepEqual(await store.list("missing"), []);
  }));

Deno.test("DenoStore says in one line what is missing or too short", () =>
  inFolder(async (store) => {
    await store.write("file", "12345");
    assert.equal(await store.stat("missing"), undefined);
    assert.equal(await store.stat("file/below"), undefined);
    await assert.rejects(store.read("missing"), {
      name: "DataError",
      message: 'Cannot read "missing": there is no such file, check the path',
    });
    await assert.rejects(store.readRange("file", 3, 1e15), {
      name: "DataError",
      message: /^Cannot read bytes \[3, 1000000000000000\) of "file": the file has 5 bytes/,
    });
    await assert.rejects(store.readRange("file", 3, 2), RangeError);
    await assert.rejects(store.read("."), { name: "DataError", message: /folder/ });
    await store.remove("missing");
    await store.remove("file");
    assert.equal(await store.stat("file"), undefined);
  }));
