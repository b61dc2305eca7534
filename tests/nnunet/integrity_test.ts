import assert from "node:assert/strict";
import { DenoStore } from "../../cli/deno_store.ts";
import { writeSeg } from "../../nnunet/imageio/mod.ts";
import { isError, verifyDatasetIntegrity, type VerifyOptions } from "../../nnunet/integrity.ts";

/** Makes a dataset of two cases with one channel, lets `change` spoil it, and verifies it. */
async function verify(
  change: (store: DenoStore, save: (path: string, labels: number[]) => Promise<void>) =>
    | Promise<void>
    | void,
  options?: VerifyOptions,
) {
  const folder = await Deno.makeTempDir();
  try {
    const store = new DenoStore(folder);
    const save = async (path: string, labels: number[]) => {
      const shape: [number, number, number] = [1, 2, labels.length / 2];
      await writeSeg(store, "SimpleITKIO", path, Uint8Array.from(labels), shape, {
        spacing: [3, 1, 1],
        sitk_stuff: {
          spacing: [1, 1, 3],
          origin: [0, 0, 0],
          direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
        },
      });
    };
    await store.write(
      "dataset.json",
      JSON.stringify({
        channel_names: { "0": "T2" },
        labels: { background: 0, a: 1 },
        numTraining: 2,
        file_ending: ".nii.gz",
      }),
    );
    for (const name of ["x", "y"]) {
      await save(`imagesTr/${name}_0000.nii.gz`, [1, 2, 3, 4, 5, 6]);
      await save(`labelsTr/${name}.nii.gz`, [0, 1, 0, 1, 0, 1]);
    }
    await change(store, save);
    return await verifyDatasetIntegrity(store, ".", options);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("verifyDatasetIntegrity() finds nothing in a good dataset and reports its progress", async () => {
  const seen: (string | undefined)[] = [];
  const findings = await verify(() => {}, { onProgress: ({ message }) => seen.push(message) });
  assert.deepEqual(findings, []);
  assert.deepEqual(seen, [undefined, "x", "y"]);
});

Deno.test("verifyDatasetIntegrity() lists all that is wrong, with file and remedy", async () => {
  const findings = await verify(async (_, save) => {
    await save("labelsTr/x.nii.gz", [0, 7, 0, 7, 9, 1]);
    await save("labelsTr/y.nii.gz", [0, 1, 0, 1]);
  });
  assert.deepEqual(findings.map(({ identifier, kind }) => [identifier, kind]), [
    ["x", "label values"],
    ["y", "shape"],
  ]);
  assert.ok(findings.every(isError));
  assert.match(
    findings[0].message,
    /^".\/labelsTr\/x.nii.gz" holds 7, 9, but dataset.json names only 0, 1: correct/,
  );
  assert.match(findings[1].message, /has shape \[1, 2, 2\], ".*" has \[1, 2, 3\]: resample/);
});

Deno.test("verifyDatasetIntegrity() reads no image while files are missing", async () => {
  const findings = await verify(async (store) => {
    await store.remove("labelsTr/x.nii.gz");
    await store.write("labelsTr/y.nii.gz", "no image");
  });
  assert.deepEqual(findings.map(({ kind }) => kind), ["missing file"]);
});

Deno.test("verifyDatasetIntegrity() stops when it is aborted", async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(() => verify(() => {}, { signal }), { name: "AbortError" });
});
