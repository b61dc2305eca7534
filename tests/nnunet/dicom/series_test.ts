import assert from "node:assert/strict";
import fc from "fast-check";
import { type DecodeSlices, readSeries, readSeriesHeaders } from "../../../nnunet/dicom/series.ts";
import { DataError } from "../../../nnunet/errors.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";
import { dicomFile, type DicomSlice, EXPLICIT, IMPLICIT } from "../../support/dicom_writer.ts";

const SLICE: DicomSlice = { pixels: [1, 2, 3, 4, 5, 6], rows: 2, columns: 3 };

/** Slices at z = 0, 2.5, 5, … */
function stack(count: number, of: (i: number) => Partial<DicomSlice> = () => ({})): DicomSlice[] {
  return Array.from({ length: count }, (_, i) => ({
    ...SLICE,
    position: [-10, 4.5, 2.5 * i],
    ...of(i),
  }));
}

/** A store with the folder `s`, its files named the other way round than they lie. */
async function storeWith(slices: DicomSlice[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [i, slice] of slices.entries()) {
    await store.write(`s/IM${slices.length - 1 - i}`, dicomFile(slice));
  }
  return store;
}

/** Says which files it was asked for, by the numbers in their names. */
function numbers(asked: string[]): DecodeSlices {
  return (paths) => {
    asked.push(paths.join(" "));
    return Promise.resolve(
      Int16Array.from(paths.flatMap((p) => Array(6).fill(Number(p.slice(4))))),
    );
  };
}

async function refused(slices: DicomSlice[]): Promise<string> {
  try {
    await readSeriesHeaders(await storeWith(slices), "s");
  } catch (error) {
    assert(error instanceof DataError, String(error));
    return error.message;
  }
  assert.fail("was read");
}

Deno.test("slices are sorted along the normal, whatever their names", async () => {
  for (const transferSyntax of [EXPLICIT, IMPLICIT]) {
    const store = await storeWith(
      stack(3, () => ({ transferSyntax, pixelSpacing: [0.7, 0.8] })),
    );
    const { slices, geometry } = await readSeriesHeaders(store, "s");
    assert.deepEqual(slices.map(({ path }) => path), ["s/IM2", "s/IM1", "s/IM0"]);
    assert.deepEqual(geometry, {
      size: [3, 2, 3],
      spacing: [0.8, 0.7, 2.5],
      origin: [-10, 4.5, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    });
  }
});

Deno.test("sagittal slices: columns of the direction are row, column and normal", async () => {
  const orientation = [0, 1, 0, 0, 0, -1];
  const store = await storeWith(stack(3, (i) => ({ orientation, position: [2 * i, 5, 7] })));
  const { geometry, slices } = await readSeriesHeaders(store, "s");
  // The normal is -x, so that the slice with the largest x comes first.
  assert.deepEqual(slices.map(({ path }) => path), ["s/IM0", "s/IM1", "s/IM2"]);
  assert.deepEqual(geometry.origin, [4, 5, 7]);
  assert.deepEqual(geometry.spacing, [1, 1, 2]);
  assert.deepEqual(geometry.direction.map((x) => x + 0), [0, 0, -1, 1, 0, 0, 0, -1, 0]);
});

Deno.test("oblique slices: directions are orthogonal, spacing is the distance of origins", async () => {
  // What SimpleITK 2.5.7 gives for these cosines, which are rounded to 6 digits.
  const orientation = [0.970495, 0.107833, 0.215666, -0.033933, 0.946605, -0.320605];
  const normal = [-0.23872226932711665, 0.30382729964715693, 0.9223343483338504];
  const row = [0.9704948375364961, 0.10783312241390929, 0.21566591762602796];
  const store = await storeWith(
    stack(4, (i) => ({ orientation, position: normal.map((x) => 1.3 * i * x) })),
  );
  const { geometry } = await readSeriesHeaders(store, "s");
  assert(Math.abs(geometry.spacing[2] - 1.3) < 1e-12);
  for (const i of [0, 1, 2]) {
    assert(Math.abs(geometry.direction[3 * i] - row[i]) < 1e-15);
    assert(Math.abs(geometry.direction[3 * i + 2] - normal[i]) < 1e-15);
  }
});

Deno.test("one slice takes its spacing from SpacingBetweenSlices, else 1", async () => {
  const spacingOf = async (slice: DicomSlice) =>
    (await readSeriesHeaders(await storeWith([slice]), "s")).geometry.spacing[2];
  assert.equal(await spacingOf(SLICE), 1);
  assert.equal(await spacingOf({ ...SLICE, extra: [[0x00180088, "DS", "9"]] }), 9);
});

Deno.test("sequences, known length or not, and private elements are stepped over", async () => {
  // An item with rows = 99, in it a sequence of undefined length.
  const item = [0xfe, 0xff, 0x00, 0xe0, 255, 255, 255, 255];
  const end = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0];
  const rows = [0x28, 0, 0x10, 0, 0x55, 0x53, 2, 0, 99, 0];
  const inner = [0x08, 0, 0x40, 0x11, 0x53, 0x51, 0, 0, 255, 255, 255, 255];
  const endOfSequence = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
  const sequence = [...item, ...rows, ...inner, ...item, ...rows, ...end, ...endOfSequence, ...end];
  const file = dicomFile({
    ...SLICE,
    extra: [
      [0x00081140, "SQ", Uint8Array.from(sequence)],
      [0x00091001, "OW", new Uint8Array(20_000)],
      [0x00082112, "SQ", Uint8Array.from([...sequence, ...endOfSequence])],
    ],
  });
  // The second sequence's length becomes undefined.
  const at = file.findIndex((_, i) => [8, 0, 0x12, 0x21].every((b, k) => file[i + k] === b));
  file.set([255, 255, 255, 255], at + 8);
  const store = new MemoryStore();
  await store.write("s/a.dcm", file);
  assert.deepEqual((await readSeriesHeaders(store, "s")).geometry.size, [3, 2, 1]);
});

Deno.test("slices of another encoding are decoded apart and joined in order", async () => {
  const asked: string[] = [];
  const pet = stack(4, (i) => ({ rescale: { slope: i < 2 ? 1 : i, intercept: 0 } }));
  const image = await readSeries(await storeWith(pet), "s", numbers(asked));
  assert.deepEqual(asked, ["s/IM3 s/IM2", "s/IM1", "s/IM0"]);
  assert(image.voxels instanceof Int16Array);
  assert.deepEqual([0, 6, 12, 18].map((i) => image.voxels[i]), [3, 2, 1, 0]);
});

Deno.test("what was decoded to different types is joined as float64", async () => {
  const store = await storeWith(stack(2, (i) => ({ rescale: { slope: 1 + i, intercept: 0 } })));
  const decode: DecodeSlices = ([path]) =>
    Promise.resolve(path === "s/IM1" ? Int16Array.of(1, 2, 3, 4, 5, 6) : new Int32Array(6));
  const { voxels } = await readSeries(store, "s", decode);
  assert(voxels instanceof Float64Array);
  assert.deepEqual([...voxels], [1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0]);
});

Deno.test("a decoder that gives too few voxels is not believed", async () => {
  const store = await storeWith(stack(2));
  await assert.rejects(readSeries(store, "s", () => Promise.resolve(new Int16Array(6))), {
    name: "DataError",
    message: /6 voxels were decoded, its headers say 12/,
  });
});

Deno.test("files that are no slices are left alone, all others must be slices", async () => {
  const store = await storeWith(stack(2));
  for (const name of ["DICOMDIR", "notes.txt", ".DS_Store", "Thumbs.db"]) {
    await store.write(`s/${name}`, "no slice");
  }
  assert.equal((await readSeriesHeaders(store, "s")).slices.length, 2);
  await store.write("s/IM9", "no slice, but who knows");
  await assert.rejects(readSeriesHeaders(store, "s"), {
    message: 'Cannot read "s/IM9": it does not begin like a DICOM file, copy or export it again',
  });
});

const REFUSED: Record<string, [DicomSlice[], RegExp]> = {
  "a missing slice": [
    stack(5).filter((_, i) => i !== 2),
    /"s": IM2 and IM1 are 5 mm apart, others 2.5 mm, so slices are missing or unevenly spaced/,
  ],
  "two series": [
    stack(5, (i) => ({ seriesUid: `1.2.${i >> 1 & 1}`, description: i & 2 ? "Lung" : "Scout" })),
    /2 series, "Scout" \(3 files, e.g. IM0\) and "Lung" \(2 files, e.g. IM1\), keep one/,
  ],
  "two points in time": [
    stack(4, (i) => ({ position: [0, 0, i >> 1] })),
    /IM2 and IM3 lie at the same place, keep one copy, one echo or one point in time/,
  ],
  "a tilted gantry": [
    stack(4, (i) => ({ position: [0, 0.5 * i, 2.5 * i] })),
    /its last slice is shifted by 1.5 mm against the first \(tilted gantry\), correct the tilt/,
  ],
  "a localizer": [
    stack(4, (i) => i === 2 ? { orientation: [0, 1, 0, 0, 0, -1] } : {}),
    /IM0 and IM1 are not parallel/,
  ],
  "two sizes": [
    stack(3, (i) => i === 0 ? { rows: 3, columns: 2 } : {}),
    /IM0 and IM2 differ in size \(2 x 3, 3 x 2\)/,
  ],
  "two spacings": [
    stack(3, (i) => i === 0 ? { pixelSpacing: [1, 2] } : {}),
    /IM0 and IM2 differ in pixel spacing \(1 x 1, 1 x 2 mm\)/,
  ],
  "axes that are not at right angles": [
    stack(2, () => ({ orientation: [1, 0, 0, 0.5, 0.8, 0] })),
    /its rows and columns are not at right angles/,
  ],
  "no directions at all": [
    stack(2, () => ({ orientation: [0, 0, 0, 0, 0, 0] })),
    /its rows and columns are not at right angles/,
  ],
  "no position": [
    stack(2, () => ({ position: [] })),
    /"s\/IM0": it gives no position, so its slice has no place in space/,
  ],
  "several frames": [
    stack(1, () => ({ extra: [[0x00280008, "IS", "30"]] })),
    /it holds 30 frames, only series with one slice a file are read/,
  ],
  "colours": [
    stack(1, () => ({ extra: [[0x00280002, "US", 3]] })),
    /it has 3 colours a pixel/,
  ],
  "a form of the whole file that is not read": [
    stack(1, () => ({ transferSyntax: "1.2.840.10008.1.2.1.99" })),
    /its transfer syntax is deflated, rewrite it with "dcmconv \+te"/,
  ],
  "rows without end": [
    stack(1, () => ({ rows: 65_535, columns: 65_535 })),
    /it has 12 bytes of pixels, 65535 x 65535 of 16 bits are 8589672450/,
  ],
};

for (const [what, [slices, message]] of Object.entries(REFUSED)) {
  Deno.test(`refused: ${what}`, async () => assert.match(await refused(slices), message));
}

Deno.test("compressed slices that promise more than 2 GiB are refused before they are decoded", async () => {
  const file = dicomFile({
    ...SLICE,
    rows: 65_535,
    columns: 65_535,
    transferSyntax: "1.2.840.10008.1.2.4.90",
  });
  file.set([255, 255, 255, 255], file.length - 12 - 4);
  const store = new MemoryStore();
  await store.write("s/a.dcm", file);
  await assert.rejects(readSeries(store, "s", () => assert.fail("was decoded")), {
    message: 'Cannot read series "s": its 65535 x 65535 x 1 voxels take 8.0 GiB, at most 2 are ' +
      "read, crop it, or convert it to .nii.gz with another program",
  });
});

Deno.test("cut off and scribbled files are read or refused with a message, never worse", async () => {
  const file = dicomFile({ ...SLICE, extra: [[0x00081140, "SQ", new Uint8Array(0)]] });
  const store = new MemoryStore();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(file.length),
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 }),
      async (length, scribbles) => {
        const bytes = file.slice();
        for (const [at, byte] of scribbles) bytes[at] = byte;
        await store.write("s/a.dcm", bytes.subarray(0, length));
        await readSeriesHeaders(store, "s").catch((error) => assert(error instanceof DataError));
      },
    ),
    { numRuns: 500 },
  );
});
