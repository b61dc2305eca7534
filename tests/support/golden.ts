import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gunzipSync } from "node:zlib";

/** Folder of the reference data: `NNUNET_GOLDEN`, else `../shared/golden` beside the repository. */
export const GOLDEN = resolve(
  Deno.env.get("NNUNET_GOLDEN") ?? join(import.meta.dirname!, "../../../shared/golden"),
);

/** Path of something in the golden folder. */
export function goldenPath(...parts: string[]): string {
  return join(GOLDEN, ...parts);
}

/** Names in a golden folder, sorted; empty when the folder is absent. */
export function goldenNames(...parts: string[]): string[] {
  const folder = goldenPath(...parts);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/**
 * Registers a test that compares with golden data of one part. Where the part's folder is absent the
 * test shows as ignored and its name says why.
 */
export function goldenTest(part: string, name: string, fn: () => void | Promise<void>): void {
  const present = existsSync(goldenPath(part));
  const why = present ? "" : ` (skipped: no ${goldenPath(part)}, set NNUNET_GOLDEN)`;
  Deno.test({ name: `golden ${part}: ${name}${why}`, ignore: !present, fn });
}

/** Parses a JSON file of the golden folder. */
// deno-lint-ignore no-explicit-any
export function readGoldenJson(...parts: string[]): any {
  return JSON.parse(readFileSync(goldenPath(...parts), "utf8"));
}

/** Array of a safetensors file. */
export interface GoldenTensor {
  dtype: string;
  shape: number[];
  data: Float64Array | Float32Array | Uint16Array | Int16Array | Int8Array | Uint8Array;
}

/** Reads a `.safetensors` or `.safetensors.gz` file of the golden folder; F16 stays as raw Uint16. */
export function readSafetensors(...parts: string[]): Map<string, GoldenTensor> {
  const path = goldenPath(...parts);
  let bytes = new Uint8Array(readFileSync(path));
  if (path.endsWith(".gz")) bytes = new Uint8Array(gunzipSync(bytes));
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const types = {
    F64: Float64Array,
    F32: Float32Array,
    F16: Uint16Array,
    I16: Int16Array,
    I8: Int8Array,
    U8: Uint8Array,
  };
  const tensors = new Map<string, GoldenTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: [begin, end] } = entry as {
      dtype: keyof typeof types;
      shape: number[];
      data_offsets: [number, number];
    };
    const raw = bytes.slice(8 + length + begin, 8 + length + end);
    tensors.set(name, { dtype, shape, data: new types[dtype](raw.buffer) });
  }
  return tensors;
}

/** Prints the worst deviation of one golden part, so that a run shows how far the limits are. */
export function reportWorst(part: string, what: string, worst: number, limit: number): void {
  // deno-lint-ignore no-console
  console.log(`    ${part}: worst ${what} ${worst.toExponential(2)} (limit ${limit})`);
}
