import assert from "node:assert/strict";
import fc from "fast-check";
import { DataError } from "../../../nnunet/errors.ts";
import { type ReaderName, readImages, writeSeg } from "../../../nnunet/imageio/mod.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";

const SITK = { spacing: [0.8, 1.5, 3], origin: [1, 2, 3], direction: [1, 0, 0, 0, 1, 0, 0, 0, 1] };
const PROPERTIES = {
  spacing: [3, 1.5, 0.8],
  sitk_stuff: SITK,
  nibabel_stuff: { original_affine: [[1, 0, 0, 4], [0, 2, 0, 5], [0, 0, 3, 6], [0, 0, 0, 1]] },
};
const KINDS: [ReaderName, string][] = [
  ["SimpleITKIO", "case.nii"],
  ["SimpleITKIO", "case.nii.gz"],
  ["NibabelIO", "case.nii.gz"],
  ["SimpleITKIO", "case.nrrd"],
  ["SimpleITKIO", "case.mha"],
  ["SimpleITKIO", "case.gipl"],
  ["NaturalImage2DIO", "case.png"],
  ["NaturalImage2DIO", "case.bmp"],
  ["NaturalImage2DIO", "case.tif"],
  ["Tiff3DIO", "case.tif"],
];

/** A good file of each kind. */
async function write(reader: ReaderName, path: string): Promise<Uint8Array> {
  const store = new MemoryStore();
  const flat = reader === "NaturalImage2DIO";
  const shape: [number, number, number] = [flat ? 1 : 5, 6, 7];
  const labels = Uint8Array.from({ length: shape[0] * 42 }, (_, i) => (i * i) % 5);
  await writeSeg(store, reader, path, labels, shape, PROPERTIES);
  return await store.read(path);
}

/** The message of the {@linkcode DataError} that reading `bytes` gives. */
async function refusal(reader: ReaderName, path: string, bytes: Uint8Array): Promise<string> {
  const store = new MemoryStore();
  await store.write(path, bytes);
  const error = await readImages(store, reader, [path]).then(() => undefined, (e) => e);
  assert.ok(error instanceof DataError, `${reader} ${path}: ${error ?? "was read"}`);
  assert.match(error.message, new RegExp(`^Cannot read "${path}": [^\\n]+, [^\\n]+$`));
  return error.message;
}

for (const [reader, path] of KINDS) {
  Deno.test(`${reader} refuses a ${path.slice(4)} file that is cut off anywhere`, async () => {
    const bytes = await write(reader, path);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 5), async (length) => {
        await refusal(reader, path, bytes.slice(0, length));
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`${reader} reads a ${path.slice(4)} file with wrong bytes or refuses it`, async () => {
    const bytes = await write(reader, path);
    const change = fc.tuple(fc.nat(Math.min(bytes.length - 1, 399)), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const store = new MemoryStore();
        const changed = bytes.slice();
        for (const [at, value] of changes) changed[at] = value;
        await store.write(path, changed);
        await readImages(store, reader, [path]).catch((error) => {
          assert.ok(error instanceof DataError, error.stack);
        });
      }),
      { numRuns: 60 },
    );
  });

  Deno.test(`${reader} refuses a ${path.slice(4)} file that is something else`, async () => {
    await refusal(reader, path, new Uint8Array(1000).fill(65));
    await refusal(reader, path, new Uint8Array(0));
  });
}

const gzip = async (bytes: Uint8Array) =>
  new Uint8Array(
    await new Response(
      new Blob([bytes as Uint8Array<ArrayBuffer>]).stream()
        .pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer(),
  );

Deno.test("a header that promises a million voxels a side is refused", async () => {
  const text = (lines: string[]) => new TextEncoder().encode(lines.join("\n"));
  await refusal(
    "SimpleITKIO",
    "a.nrrd",
    text([
      "NRRD0004",
      "type: short",
      "dimension: 3",
      "sizes: 1000000 1000000 1000000",
      "endian: little",
      "encoding: gzip",
      "",
      "x",
    ]),
  );
  await refusal(
    "SimpleITKIO",
    "a.mha",
    text([
      "NDims = 3",
      "BinaryData = True",
      "DimSize = 1000000 1000000 1000000",
      "ElementType = MET_SHORT",
      "ElementDataFile = LOCAL",
      "x",
    ]),
  );
  const nifti = await write("SimpleITKIO", "a.nii");
  const view = new DataView(nifti.buffer);
  for (const at of [42, 44, 46]) view.setInt16(at, 32767, true);
  assert.match(await refusal("SimpleITKIO", "a.nii", nifti), /header promises 35181150962015/);
  await refusal("SimpleITKIO", "a.nii.gz", await gzip(nifti));
  await refusal("NibabelIO", "a.nii.gz", await gzip(nifti));
  const gipl = await write("SimpleITKIO", "a.gipl");
  gipl.fill(255, 0, 8);
  await refusal("SimpleITKIO", "a.gipl", gipl);
  const png = await write("NaturalImage2DIO", "a.png");
  new DataView(png.buffer).setUint32(16, 1_000_000);
  new DataView(png.buffer).setUint32(20, 1_000_000);
  await refusal("NaturalImage2DIO", "a.png", png);
  const bmp = await write("NaturalImage2DIO", "a.bmp");
  new DataView(bmp.buffer).setInt32(18, 1_000_000, true);
  new DataView(bmp.buffer).setInt32(22, 1_000_000, true);
  await refusal("NaturalImage2DIO", "a.bmp", bmp);
  for (const reader of ["NaturalImage2DIO", "Tiff3DIO"] as const) {
    const tiff = await write(reader, "a.tif");
    // Width and height are the first two entries of the first directory.
    new DataView(tiff.buffer).setUint32(8 + 2 + 8, 1_000_000, true);
    new DataView(tiff.buffer).setUint32(8 + 2 + 12 + 8, 1_000_000, true);
    await refusal(reader, "a.tif", tiff);
  }
});

Deno.test("the messages say what is wrong and what to do", async () => {
  const nifti = await write("SimpleITKIO", "a.nii");
  assert.equal(
    await refusal("SimpleITKIO", "imagesTr/a_0000.nii", nifti.slice(0, 500)),
    'Cannot read "imagesTr/a_0000.nii": the file ends at byte 500, the header promises 562, ' +
      "copy or export it again",
  );
  assert.match(await refusal("SimpleITKIO", "a.nii.gz", nifti), /not compressed/);
  assert.match(
    await refusal("NibabelIO", "a.nii", await gzip(nifti)),
    /rename it to end in .nii.gz/,
  );
  const gz = await gzip(nifti);
  assert.match(await refusal("SimpleITKIO", "a.nii.gz", gz.slice(0, -20)), /cut off or corrupt/);
  gz[gz.length - 6] ^= 255;
  assert.match(await refusal("SimpleITKIO", "a.nii.gz", gz), /cut off or corrupt/);
  assert.match(
    await refusal("SimpleITKIO", "a.nii.gz", await gzip(nifti.slice(0, 500))),
    /its content ends at byte 500, the header promises 562/,
  );
});

Deno.test("a gzip file of several members is read, a wrong checksum inside is not", async () => {
  const nifti = await write("SimpleITKIO", "a.nii");
  const parts = await Promise.all(
    [[0, 100], [100, 400], [400, nifti.length]].map(([a, b]) => gzip(nifti.slice(a, b))),
  );
  const whole = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  const store = new MemoryStore();
  await store.write("a.nii.gz", whole);
  assert.deepEqual((await readImages(store, "SimpleITKIO", ["a.nii.gz"])).shape, [1, 5, 6, 7]);
  whole[parts[0].length + parts[1].length - 7] ^= 1;
  assert.match(await refusal("SimpleITKIO", "a.nii.gz", whole), /checksum of part 2/);
});

Deno.test("a missing file is named", async () => {
  for (const [reader, path] of KINDS) {
    await assert.rejects(
      readImages(new MemoryStore(), reader, [path]),
      (error) => error instanceof DataError && /no such file/.test(error.message),
    );
  }
});
