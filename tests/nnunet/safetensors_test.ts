import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../nnunet/errors.ts";
import { readSafetensors, type Safetensor, writeSafetensors } from "../../nnunet/safetensors.ts";

function sample(): Map<string, Safetensor> {
  return new Map<string, Safetensor>([
    ["labels", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ["weight", { dtype: "F32", shape: [2, 2], data: Float32Array.of(0.5, -1, NaN, 1e30) }],
    ["half", { dtype: "F16", shape: [1], data: Uint16Array.of(0x3c00) }],
    ["seg", { dtype: "I16", shape: [1, 2], data: Int16Array.of(-1, 300) }],
    ["step", { dtype: "I64", shape: [], data: BigInt64Array.of(-5n) }],
    ["none", { dtype: "F64", shape: [0, 7], data: new Float64Array() }],
  ]);
}

Deno.test("readSafetensors() gives back what writeSafetensors() stored", () => {
  const metadata = { format: "pt", epoch: "3 ä" };
  const file = readSafetensors(writeSafetensors(sample(), metadata), "a");
  assert.deepEqual(file.metadata, metadata);
  assert.deepEqual(new Map([...file.tensors].sort()), new Map([...sample()].sort()));
});

Deno.test("readSafetensors() reads from any offset in a buffer", () => {
  const bytes = writeSafetensors(sample());
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(readSafetensors(shifted.subarray(3), "a"), readSafetensors(bytes, "a"));
});

Deno.test("writeSafetensors() refuses an array that is not what its entry says", () => {
  const write = (tensor: Safetensor) => () => writeSafetensors(new Map([["a", tensor]]));
  assert.throws(write({ dtype: "F32", shape: [3], data: new Float32Array(2) }), /"a" as F32 \[3\]/);
  assert.throws(write({ dtype: "F32", shape: [2], data: new Int32Array(2) }), /Int32Array/);
});

function withHeader(header: unknown, payload: number): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + payload);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

Deno.test("readSafetensors() refuses headers that do not fit the bytes", () => {
  const entry = (shape: unknown, offsets: unknown, dtype: unknown = "F32") => ({
    dtype,
    shape,
    data_offsets: offsets,
  });
  const files = [
    new Uint8Array(7),
    withHeader("{", 0),
    withHeader("[]", 0),
    withHeader({ a: entry([2], [0, 4]) }, 4),
    withHeader({ a: entry([1], [0, 4]) }, 3),
    withHeader({ a: entry([1], [0, 4]) }, 5),
    withHeader({ a: entry([1], [4, 8]) }, 8),
    withHeader({ a: entry([1], [0, 4]), b: entry([1], [0, 4]) }, 4),
    withHeader({ a: entry([-1], [0, 4]) }, 4),
    withHeader({ a: entry([1e15, 1e15], [0, 4]) }, 4),
    withHeader({ a: entry([1], [0, 4], "toString") }, 4),
    withHeader({ a: null }, 0),
    withHeader({ __metadata__: { a: 1 } }, 0),
    Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 123, 125),
  ];
  for (const bytes of files) assert.throws(() => readSafetensors(bytes, "x"), DataError);
});

Deno.test("readSafetensors() reads or refuses a file with any byte changed", () => {
  const bytes = writeSafetensors(sample(), { a: "b" });
  fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
    const damaged = bytes.slice();
    damaged[at] = value;
    try {
      readSafetensors(damaged, "x");
    } catch (error) {
      assert.ok(error instanceof DataError, String(error));
    }
  }));
});
