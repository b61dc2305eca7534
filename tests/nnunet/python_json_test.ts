import assert from "node:assert/strict";
import fc from "fast-check";
import { compareCodePoints } from "../../nnunet/code_points.ts";
import {
  Float,
  formatFloat,
  formatPythonJson,
  fromOrderedEntries,
  orderedEntries,
  parsePythonJson,
} from "../../nnunet/python_json.ts";

Deno.test("formatFloat() writes what Python's repr writes", () => {
  const written: [number, string][] = [
    [1, "1.0"],
    [-0, "-0.0"],
    [0.1, "0.1"],
    [1e-5, "1e-05"],
    [0.0001, "0.0001"],
    [0.00012345, "0.00012345"],
    [1.5e-7, "1.5e-07"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [1.25e22, "1.25e+22"],
    [123456789.5, "123456789.5"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
  ];
  for (const [value, text] of written) assert.equal(formatFloat(value), text);
});

Deno.test("formatPythonJson() indents by four and escapes what is not ASCII", () => {
  const text = formatPythonJson({ a: [1, [2.5]], "ü\x7f": {}, b: [], c: null, d: "😀\n" });
  assert.equal(
    text,
    `{
    "a": [
        1,
        [
            2.5
        ]
    ],
    "\\u00fc\\u007f": {},
    "b": [],
    "c": null,
    "d": "\\ud83d\\ude00\\n"
}`,
  );
});

Deno.test("formatPythonJson() writes whole floats with a point where it is told so", () => {
  const value = { spacing: [1, 2.5], shape: [3, 4], eps: new Float(1), "1": { spacing: 7 } };
  const text = formatPythonJson(value, {
    sortKeys: true,
    isFloat: (path) => path.at(-1) === "spacing",
  });
  assert.equal(
    text.replace(/\s+/g, ""),
    '{"1":{"spacing":7.0},"eps":1.0,"shape":[3,4],"spacing":[1.0,2.5]}',
  );
});

Deno.test("parsePythonJson() reads what JSON.parse reads", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
    const text = JSON.stringify(value, null, indent);
    assert.deepEqual(parsePythonJson(text), JSON.parse(text));
  }));
});

Deno.test("parsePythonJson() reads NaN and keeps floats apart when asked", () => {
  assert.deepEqual(parsePythonJson("[NaN, -Infinity, Infinity]"), [NaN, -Infinity, Infinity]);
  assert.deepEqual(
    parsePythonJson('{"a": 1.0, "b": 1, "c": 1e3, "a": 2.0}', { keepFloats: true }),
    { a: new Float(2), b: 1, c: new Float(1000) },
  );
});

Deno.test("parsePythonJson() says where a text is wrong", () => {
  const wrong: [string, RegExp][] = [
    ["", /a value expected at line 1, column 1/],
    ["\ufeff{}", /a value expected at line 1, column 1/],
    ['{\n  "a": 1,\n}', /a key in double quotes expected at line 3, column 1/],
    ['{"a" 1}', /":" expected at line 1, column 6/],
    ["[1 2]", /"," or "\]" expected at line 1, column 4/],
    ["[01]", /"," or "\]" expected/],
    ["// no\n{}", /a value expected/],
    ["{} {}", /nothing more expected at line 1, column 4/],
    ['"a\nb"', /control character/],
    ['"\\x"', /invalid escape/],
    ['"open', /without an end/],
  ];
  for (const [text, message] of wrong) {
    assert.throws(() => parsePythonJson(text), (error: Error) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("parsePythonJson() keeps the order of keys that JavaScript would reorder", () => {
  const text = '{\n    "b": 1,\n    "10": 2,\n    "9": 3,\n    "__proto__": 4\n}';
  const object = parsePythonJson(text) as Record<string, number>;
  assert.deepEqual(orderedEntries(object), [["b", 1], ["10", 2], ["9", 3], ["__proto__", 4]]);
  assert.equal(formatPythonJson(object), text);
  delete object["10"];
  object.z = 5;
  assert.deepEqual(orderedEntries(object).map(([key]) => key), ["b", "9", "__proto__", "z"]);
  assert.deepEqual(orderedEntries(fromOrderedEntries([["2", 0], ["1", 0]])), [["2", 0], ["1", 0]]);
});

Deno.test("formatPythonJson() and parsePythonJson() undo each other", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const parsed = parsePythonJson(JSON.stringify(value), { keepFloats: true });
    assert.deepEqual(parsePythonJson(formatPythonJson(parsed), { keepFloats: true }), parsed);
  }));
});

Deno.test("compareCodePoints() orders names as Python does", () => {
  const names = ["case_2", "case_10", "case-1", "_a", "Case_3", "\u{1f600}", "\uffff"];
  assert.deepEqual(
    names.sort(compareCodePoints),
    ["Case_3", "_a", "case-1", "case_10", "case_2", "\uffff", "\u{1f600}"],
  );
});
