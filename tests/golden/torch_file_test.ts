import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { DenoStore } from "../../cli/deno_store.ts";
import { DataError } from "../../nnunet/errors.ts";
import { readTorchFile, TorchDevice, TorchTensor } from "../../nnunet/interop/torch_file.ts";
import { Tuple } from "../../nnunet/pickle.ts";
import { parsePythonJson } from "../../nnunet/python_json.ts";
import { goldenNames, goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

const store = new DenoStore(goldenPath());

/** Whether a number, as the golden files write it, is this one; NaN and big ones are texts. */
function assertNumber(actual: unknown, expected: unknown, where: string): void {
  const wanted = expected === "nan"
    ? NaN
    : expected === "inf"
    ? Infinity
    : expected === "-inf"
    ? -Infinity
    : expected;
  if (typeof actual === "bigint") assert.equal(String(actual), String(wanted), where);
  else assert.deepEqual(Number(actual), Number(wanted), where);
}

function assertNumbers(actual: ArrayLike<unknown>, expected: unknown[], where: string): void {
  assert.equal(actual.length, expected.length, where);
  expected.forEach((value, i) => assertNumber(actual[i], value, `${where}[${i}]`));
}

// deno-lint-ignore no-explicit-any
function assertContent(actual: any, expected: any, where: string): void {
  if (expected === null || typeof expected !== "object") {
    assert.equal(actual, expected, where);
    return;
  }
  const [kind] = Object.keys(expected);
  const content = expected[kind];
  const items = (list: unknown[]) => {
    assert.equal(list.length, content.length, where);
    // deno-lint-ignore no-explicit-any
    content.forEach((item: any, i: number) => assertContent(list[i], item, `${where}[${i}]`));
  };
  switch (kind) {
    case "int":
    case "float":
      return assertNumber(actual, content, where);
    case "numpy_scalar":
      return assertNumber(actual, expected.value, where);
    case "list":
      return items(actual);
    case "tuple":
      assert.ok(actual instanceof Tuple, where);
      return items(actual);
    case "torch_size":
      return assertNumbers(actual, content, where);
    case "dict":
    case "ordered_dict": {
      assert.equal(actual.size, content.length, where);
      // deno-lint-ignore no-explicit-any
      [...actual].forEach(([key, value]: any, i: number) => {
        assertContent(key, content[i][0], `${where} key ${i}`);
        assertContent(value, content[i][1], `${where}.${JSON.stringify(content[i][0])}`);
      });
      return;
    }
    case "tensor": {
      assert.ok(actual instanceof TorchTensor, where);
      assert.equal(actual.dtype, content, where);
      assert.deepEqual([...actual.shape], expected.shape, where);
      assert.equal(actual.requiresGrad, expected.requires_grad, where);
      return assertNumbers(actual.data, expected.values, where);
    }
    case "torch_device":
      assert.equal((actual as TorchDevice).name, content, where);
      return;
    default:
      assert.fail(`${where}: unknown kind ${kind}`);
  }
}

for (const name of goldenNames("pickles", "good").filter((name) => name.endsWith(".pth"))) {
  goldenTest("pickles", `reads ${name}`, async () => {
    const text = new TextDecoder().decode(await store.read(`pickles/good/${name}.json`));
    // deno-lint-ignore no-explicit-any
    const { content, optional } = parsePythonJson(text) as any;
    try {
      assertContent(await readTorchFile(store, `pickles/good/${name}`), content, name);
    } catch (error) {
      assert.ok(optional && error instanceof DataError, String(error));
    }
  });
}

const hostile: { file: string; must: string }[] =
  goldenNames("pickles", "hostile").includes("hostile.json")
    ? readGoldenJson("pickles", "hostile", "hostile.json")
    : [];

for (const { file, must } of hostile.filter(({ file }) => file.endsWith(".pth"))) {
  goldenTest("pickles", `${file}: ${must}`, async () => {
    let refused = false;
    try {
      await readTorchFile(store, `pickles/hostile/${file}`);
    } catch (error) {
      assert.ok(error instanceof DataError, String((error as Error).stack));
      refused = true;
    }
    assert.ok(refused || /\bor\b/.test(must), "it was read");
    assert.equal(existsSync("/tmp/PWNED_BY_PICKLE"), false, "code of the file was run");
  });
}
