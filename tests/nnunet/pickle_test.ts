import assert from "node:assert/strict";
import { DataError } from "../../nnunet/errors.ts";
import { readPickle, Tuple } from "../../nnunet/pickle.ts";
import { writePickle } from "../../nnunet/pickle_writer.ts";
import { Float } from "../../nnunet/python_json.ts";

Deno.test("readPickle() gives back what writePickle() wrote", () => {
  const array = { dtype: "i8", shape: [2, 1], data: BigInt64Array.of(-1n, 2n ** 40n) } as const;
  const value = new Map<string | number, unknown>([
    ["text", "Größe"],
    [1, [null, true, false, 0, -1, 2 ** 31, -(2 ** 40), 0.5, -0, NaN]],
    ["tuple", Tuple.of<unknown>(1, new Tuple(), [])],
  ]);
  assert.deepEqual(readPickle(writePickle(value as never), "a.pkl"), value);
  assert.deepEqual(readPickle(writePickle({ a: new Float(1) }), "a.pkl"), new Map([["a", 1]]));
  assert.deepEqual({ ...readPickle(writePickle(array), "a.pkl") as object }, array);
});

Deno.test("writePickle() writes floats as floats and whole numbers as whole numbers", () => {
  assert.equal(writePickle(1).toHex(), "80044a010000002e");
  assert.equal(writePickle(new Float(1)).toHex(), "8004473ff00000000000002e");
});

Deno.test("readPickle() calls only what it is allowed to", () => {
  const bytes = Uint8Array.from([0x80, 2, ...new TextEncoder().encode("cos\nsystem\n)R.")]);
  assert.throws(() => readPickle(bytes, "a.pkl"), {
    name: "DataError",
    message: /a\.pkl.*os\.system/,
  });
  assert.equal(readPickle(bytes, "a.pkl", { calls: new Map([["os.system", () => 7]]) }), 7);
  const names = new Set(["os.system"]);
  assert.throws(() => readPickle(bytes, "a.pkl", { names }), DataError);
});
