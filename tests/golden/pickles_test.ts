import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { DenoStore } from "../../cli/deno_store.ts";
import { DataError } from "../../nnunet/errors.ts";
import type { NdArray } from "../../nnunet/ndarray.ts";
import { readNpz } from "../../nnunet/npy.ts";
import { PickledGlobal, readPickle, Tuple } from "../../nnunet/pickle.ts";
import { ZipFile } from "../../nnunet/zip.ts";
import { goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

const NAMES = new Set([
  "nnunetv2.postprocessing.remove_connected_components.remove_all_but_largest_component_from_segmentation",
]);

/** The content of a file, in the form of the golden JSON. */
async function read(file: string): Promise<unknown> {
  const path = goldenPath("pickles", file);
  if (path.endsWith(".npz")) return await readNpz(new DenoStore(), path);
  if (path.endsWith(".zip")) return await ZipFile.open(new DenoStore(), path);
  return readPickle(readFileSync(path), path, { names: NAMES });
}

// deno-lint-ignore no-explicit-any
type Expected = any;

function assertContent(actual: unknown, expected: Expected, where: string): void {
  if (expected === null || typeof expected !== "object") {
    assert.deepEqual(actual, expected, where);
    return;
  }
  const [kind] = Object.keys(expected);
  const content = expected[kind];
  switch (kind) {
    case "int":
      return assert.equal(String(actual), content, where);
    case "float":
      return assertNumber(actual, content, where);
    case "numpy_scalar":
      if (typeof expected.value === "boolean") return assert.equal(actual, expected.value, where);
      return assertNumber(actual, expected.value, where);
    case "bytes_hex":
      return assert.equal((actual as Uint8Array).toHex(), content, where);
    case "function":
      return assert.equal((actual as PickledGlobal).name, content, where);
    case "set":
      return assertList([...actual as Set<unknown>], content, where);
    case "list":
      assert.ok(Array.isArray(actual) && !(actual instanceof Tuple), where);
      return assertList(actual, content, where);
    case "tuple":
      assert.ok(actual instanceof Tuple, where);
      return assertList(actual, content, where);
    case "dict":
    case "ordered_dict":
      return assertEntries([...actual as Map<unknown, unknown>], content, where);
    case "ndarray": {
      const { dtype, shape, data } = actual as NdArray;
      assert.equal(dtype, content.slice(1), where);
      assert.deepEqual([...shape], expected.shape, where);
      const values = Array.from<number | bigint, number | bigint>(data, (value) => value);
      assert.equal(values.length, expected.values.length, where);
      return values.forEach((value, i) => assertNumber(value, expected.values[i], where));
    }
  }
  assert.fail(`${where}: form ${kind}`);
}

function assertNumber(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === "number") return assert.equal(Number(actual), expected, where);
  if (typeof expected === "boolean") return assert.equal(Number(actual), Number(expected), where);
  const text = String(actual).replace("Infinity", "inf").replace("NaN", "nan");
  assert.equal(text, expected, where);
}

function assertList(actual: unknown[], expected: Expected[], where: string): void {
  assert.equal(actual.length, expected.length, where);
  expected.forEach((item, i) => assertContent(actual[i], item, `${where}[${i}]`));
}

function assertEntries(actual: [unknown, unknown][], expected: Expected[], where: string): void {
  assert.equal(actual.length, expected.length, where);
  expected.forEach(([key, value], i) => {
    assertContent(actual[i][0], key, `${where} key ${i}`);
    assertContent(actual[i][1], value, `${where}[${JSON.stringify(key)}]`);
  });
}

goldenTest("pickles", "reads what Python, NumPy and nnU-Net write", async () => {
  for (const { file } of readGoldenJson("pickles", "good", "good.json")) {
    if (!/\.(pkl|npz)$/.test(file)) continue;
    const { content } = readGoldenJson("pickles", `${file}.json`);
    assertContent(await read(file), content, basename(file));
  }
});

goldenTest("pickles", "refuses hostile files", async () => {
  for (const { file, must } of readGoldenJson("pickles", "hostile", "hostile.json")) {
    if (!/\.(pkl|npz|zip)$/.test(file)) continue;
    if (must.startsWith("refuse,") || must.startsWith("refuse or")) {
      await read(`hostile/${file}`).catch((error) => assert.ok(error instanceof DataError, file));
    } else {
      await assert.rejects(read(`hostile/${file}`), DataError, file);
    }
  }
});
