import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../nnunet/errors.ts";
import { checkSplitsAgree, createSplits, parseSplits } from "../../nnunet/splits.ts";

Deno.test("createSplits() validates every case once and never trains on it", () => {
  const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 5, maxLength: 60 });
  fc.assert(fc.property(names, (identifiers) => {
    const splits = createSplits(identifiers);
    assert.equal(splits.length, 5);
    assert.deepEqual(splits.flatMap((s) => s.val).sort(), [...identifiers].sort());
    for (const { train, val } of splits) {
      assert.deepEqual([...train, ...val].sort(), [...identifiers].sort());
    }
  }));
});

Deno.test("createSplits() needs five cases", () => {
  assert.throws(() => createSplits(["a", "b", "c", "d"]), /Cannot split 4 cases into 5 folds/);
});

Deno.test("parseSplits() names what is wrong in the file", () => {
  assert.throws(() => parseSplits('[{"train": []}]', "s.json"), /"s.json": "0.val"/);
  assert.throws(() => parseSplits("{}", "s.json"), /"s.json": expected a list of folds/);
});

Deno.test("checkSplitsAgree() compares folds as sets and allows further ones", () => {
  const raw = [{ train: ["a", "b"], val: ["c"] }];
  const used = [{ train: ["b", "a"], val: ["c"] }, { train: ["c"], val: ["a"] }];
  checkSplitsAgree(raw, used, "raw.json", "used.json");
  assert.throws(() => checkSplitsAgree(used, raw, "raw.json", "used.json"), DataError);
  assert.throws(
    () => checkSplitsAgree(raw, [{ train: ["a"], val: ["c"] }], "raw.json", "used.json"),
    /"raw.json": its fold 0 differs from that of "used.json"/,
  );
});
