import assert from "node:assert/strict";
import { splitArrays } from "../../engine/split_arrays.ts";

const names = new Map([["SIZE", 2]]);
const split = (body: string) => splitArrays(`fn f() {\n${body}\n}`, names);

Deno.test("splitArrays() makes a variable of each element of an array with constant indices", () => {
  assert.equal(
    split("var a: array<vec4f, SIZE + 1u>;\na[SIZE] = a[2u * 1u - 1u] + a[0u].x;"),
    "fn f() {\nvar a_0: vec4f; var a_1: vec4f; var a_2: vec4f;\na_2 = a_1 + a_0.x;\n}",
  );
});

Deno.test("splitArrays() keeps what comes after an index", () => {
  assert.equal(
    split("var a: array<vec4f, 1>; b = a[0][i];"),
    "fn f() {\nvar a_0: vec4f; b = a_0[i];\n}",
  );
});

Deno.test("splitArrays() leaves arrays alone that are indexed by variables or used whole", () => {
  for (const use of ["a[i] = 1.0;", "g(a);", "let b = a;", "a = array<f32, 2>(1.0, 2.0);"]) {
    const body = `var a: array<f32, 2>; a[0] = 1.0; ${use}`;
    assert.equal(split(body), `fn f() {\n${body}\n}`);
  }
});

Deno.test("splitArrays() tells arrays from members and from other functions' names", () => {
  const other = "fn g(a: array<f32, 2>) -> f32 { return a[0] + p.a[1]; }\n";
  assert.equal(
    splitArrays(`${other}fn f() { var a: array<f32, 1>; a[0] = p.a[1]; }`, names),
    `${other}fn f() { var a_0: f32; a_0 = p.a[1]; }`,
  );
});
