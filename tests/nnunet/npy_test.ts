import assert from "node:assert/strict";
import { crc32 } from "../../nnunet/crc32.ts";
import { DataError } from "../../nnunet/errors.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import type { NdArray } from "../../nnunet/ndarray.ts";
import { npyHeader, parseNpyHeader, readNpy, readNpz, writeNpz } from "../../nnunet/npy.ts";
import { ZipFile } from "../../nnunet/zip.ts";
import { writeStoredZip } from "../../nnunet/zip_writer.ts";

Deno.test("crc32() is that of zip, in one go or in parts", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.equal(crc32(bytes), 0xcbf43926);
  assert.equal(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4))), 0xcbf43926);
});

Deno.test("readNpz() gives back the arrays of writeNpz()", async () => {
  const arrays: Record<string, NdArray> = {
    image: { dtype: "f4", shape: [2, 3], data: Float32Array.of(1, 2.5, -3, NaN, Infinity, 0) },
    labels: { dtype: "i2", shape: [4], data: Int16Array.of(-1, 0, 1, 300) },
    one: { dtype: "f8", shape: [], data: Float64Array.of(1 / 3) },
    none: { dtype: "i8", shape: [0, 4], data: new BigInt64Array() },
  };
  const store = new MemoryStore();
  await store.write("a.npz", writeNpz(arrays));
  assert.deepEqual(Object.fromEntries(await readNpz(store, "a.npz")), arrays);
});

Deno.test("npyHeader() ends at a multiple of 64 whatever the shape", () => {
  for (let digits = 1; digits < 60; digits++) {
    const header = npyHeader({ dtype: "u1", shape: new Array(digits).fill(7) });
    assert.equal(header.length % 64, 0);
    assert.equal(parseNpyHeader(header, "x.npy").offset, header.length);
  }
});

Deno.test("readNpy() names the file and what is wrong with it", () => {
  const header = npyHeader({ dtype: "f4", shape: [2] });
  assert.throws(() => readNpy(header, "x.npy"), { name: "DataError", message: /x\.npy.*0 bytes/ });
  assert.throws(() => readNpy(new Uint8Array(20), "x.npy"), DataError);
});

Deno.test("ZipFile reads members where they lie and refuses names that lead out", async () => {
  const store = new MemoryStore();
  const content = new TextEncoder().encode("content");
  const parts = [content.subarray(0, 3), content.subarray(3)];
  await store.write(
    "a.zip",
    writeStoredZip([{ name: "ä/b.txt", parts }, { name: "c", parts: [] }]),
  );
  const zip = await ZipFile.open(store, "a.zip");
  assert.deepEqual([...zip.entries.keys()], ["ä/b.txt", "c"]);
  assert.deepEqual(await zip.read("ä/b.txt"), content);
  const begin = await zip.offsetOfStored("ä/b.txt");
  assert.deepEqual(await store.readRange("a.zip", begin, begin + 7), content);
  await assert.rejects(zip.read("d"), /has no "d"/);

  for (const name of ["../a", "/a", "b/../../a", "C:\\a", "..\\a"]) {
    await store.write("bad.zip", writeStoredZip([{ name, parts }]));
    await assert.rejects(ZipFile.open(store, "bad.zip"), DataError, name);
  }
});
