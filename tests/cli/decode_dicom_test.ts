// The library that decodes DICOM, and all of prepare and predict that needs real files.
import assert from "node:assert/strict";
import { join } from "node:path";
import { decodeDicom } from "../../cli/decode_dicom.ts";
import { DenoStore } from "../../cli/deno_store.ts";
import { readSeries } from "../../nnunet/dicom/series.ts";
import { readSeriesImages } from "../../nnunet/dicom/series_folders.ts";
import type { ItkImage } from "../../nnunet/imageio/itk_image.ts";
import { readItkFile, writeItkFile } from "../../nnunet/imageio/itk_file.ts";
import { readImages, readSeg } from "../../nnunet/imageio/mod.ts";
import { inspectSource, prepareDataset } from "../../nnunet/prepare.ts";
import { dicomFile, type DicomSlice, IMPLICIT } from "../support/dicom_writer.ts";

const OBLIQUE = [0.970495, 0.107833, 0.215666, -0.033933, 0.946605, -0.320605];
const NORMAL = [-0.23872226932711665, 0.30382729964715693, 0.9223343483338504];

/** Slice `i` of an oblique stack; its pixels count on from `100 * i`. */
function slice(i: number, change: Partial<DicomSlice> = {}): DicomSlice {
  return {
    rows: 2,
    columns: 3,
    pixels: Array.from({ length: 6 }, (_, k) => 100 * i + k),
    pixelSpacing: [0.7, 0.8],
    orientation: OBLIQUE,
    position: NORMAL.map((x) => Number((1.3 * i * x - 20).toFixed(9))),
    rescale: { slope: 1, intercept: -1024 },
    ...change,
  };
}

async function writeSeries(folder: string, slices: DicomSlice[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [i, slice] of slices.entries()) {
    await Deno.writeFile(join(folder, `${(7 * i + 3) % 11}.dcm`), dicomFile(slice));
  }
}

async function readBack(slices: DicomSlice[]): Promise<ItkImage> {
  const folder = await Deno.makeTempDir();
  await writeSeries(folder, slices);
  const image = await readSeries(new DenoStore(), folder, decodeDicom);
  await Deno.remove(folder, { recursive: true });
  return image;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

Deno.test("values are rescaled, in the type that ITK gives them", async () => {
  const plain = range(4).flatMap((i) => slice(i).pixels);
  const cases: [Partial<DicomSlice>, string, (x: number) => number][] = [
    [{ rescale: undefined, signed: true }, "Int16Array", (x) => x],
    [{ rescale: undefined }, "Uint16Array", (x) => x],
    [{ transferSyntax: IMPLICIT, signed: true }, "Int32Array", (x) => x - 1024],
    [{ rescale: { slope: 0.5, intercept: 3.25 } }, "Float64Array", (x) => x / 2 + 3.25],
  ];
  for (const [change, type, valueOf] of cases) {
    const { voxels } = await readBack(range(4).map((i) => slice(i, change)));
    assert.equal(voxels.constructor.name, type);
    assert.deepEqual([...voxels], plain.map(valueOf));
  }
});

Deno.test("negative values of signed pixels survive", async () => {
  const pixels = [-32_768, -1024, -1, 0, 1, 32_767];
  const { voxels } = await readBack([slice(0, { pixels, signed: true, rescale: undefined })]);
  assert.deepEqual([...voxels], pixels);
});

Deno.test("each slice of a PET series is rescaled by its own slope", async () => {
  const slices = range(3).map((i) => slice(i, { rescale: { slope: i + 0.5, intercept: 0 } }));
  const { voxels } = await readBack(slices);
  assert.deepEqual(
    [...voxels],
    slices.flatMap(({ pixels }, i) => pixels.map((x) => x * (i + 0.5))),
  );
});

Deno.test("a damaged compressed slice is one line for the user", async () => {
  const file = dicomFile(slice(0, { transferSyntax: "1.2.840.10008.1.2.4.90" }));
  // Pixels without a length are compressed ones; these begin like no such thing.
  file.set([255, 255, 255, 255], file.length - 12 - 4);
  const folder = await Deno.makeTempDir();
  await Deno.writeFile(join(folder, "3.dcm"), file);
  await assert.rejects(readSeries(new DenoStore(), folder, decodeDicom), {
    name: "DataError",
    message: /^Cannot decode ".*3\.dcm" and 0 slices more: one is damaged or compressed in a way/,
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("prepare makes .nii.gz of DICOM series, and predict reads the same image", async () => {
  const root = await Deno.makeTempDir();
  const [input, truth, dataset] = ["input", "ground_truth", "Dataset007_Lung"].map((name) =>
    join(root, name)
  );
  const store = new DenoStore();
  for (const name of ["a", "b"]) {
    for (const channel of ["0000", "0001"]) {
      const shift = Number(channel);
      const slices = range(3).map((i) => slice(i, { rescale: { slope: 1, intercept: shift } }));
      await writeSeries(join(input, `${name}_${channel}`), slices);
    }
    // In another format than the images will have: it takes their geometry.
    const geometry = {
      spacing: [1, 1, 1],
      origin: [0, 0, 0],
      direction: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    };
    const voxels = Uint8Array.from(range(18), (i) => i % 2 ? 255 : 0);
    const label = { ...geometry, size: [3, 2, 3], components: 1, voxels };
    await writeItkFile(store, join(truth, `${name}.nrrd`), label);
  }
  const source = await inspectSource(store, input, truth, { decodeSlices: decodeDicom });
  assert.equal(source.channels, 2);
  const json = await prepareDataset(store, source, {
    folder: dataset,
    channelNames: ["CT", "PET"],
    labels: { background: 0, tumour: 255 },
  });
  assert.equal(json.file_ending, ".nii.gz");

  const paths = ["0000", "0001"].map((channel) => join(dataset, "imagesTr", `a_${channel}.nii.gz`));
  const image = await readItkFile(store, paths[1]);
  assert.deepEqual(image.size, [3, 2, 3]);
  for (const [i, mm] of [0.8, 0.7, 1.3].entries()) assert(Math.abs(image.spacing[i] - mm) < 1e-6);
  assert(image.origin.every((x) => Math.abs(x + 20) < 1e-5), `${image.origin}`);
  for (const i of [0, 1, 2]) assert(Math.abs(image.direction[3 * i + 2] - NORMAL[i]) < 1e-6);
  assert.deepEqual(
    [...image.voxels].map(Number),
    range(18).map((k) => 100 * (k / 6 | 0) + k % 6 + 1),
  );

  const prepared = await readImages(store, "SimpleITKIO", paths);
  const folders = ["0000", "0001"].map((channel) => join(input, `a_${channel}`));
  assert.deepEqual(await readSeriesImages(store, "SimpleITKIO", folders, decodeDicom), prepared);
  const label = await readSeg(store, "SimpleITKIO", join(dataset, "labelsTr", "a.nii.gz"));
  const direction = prepared.properties.sitk_stuff!.direction;
  for (const [i, cosine] of label.properties.sitk_stuff!.direction.entries()) {
    assert(Math.abs(cosine - direction[i]) < 1e-6);
  }
  assert.deepEqual([...label.data], range(18).map((k) => k % 2));
  await Deno.remove(root, { recursive: true });
});

Deno.test("a faulty series stops prepare before anything is converted", async () => {
  const root = await Deno.makeTempDir();
  const store = new DenoStore();
  await writeSeries(join(root, "input", "a"), range(3).map((i) => slice(i)));
  await writeSeries(join(root, "input", "b"), range(6).filter((i) => i !== 2).map((i) => slice(i)));
  for (const name of ["a", "b"]) {
    const path = join(root, "ground_truth", `${name}.nii.gz`);
    await writeItkFile(store, path, await readSeries(store, join(root, "input", "a"), decodeDicom));
  }
  const inspect = (decodeSlices?: typeof decodeDicom) =>
    inspectSource(store, join(root, "input"), join(root, "ground_truth"), { decodeSlices });
  await assert.rejects(inspect(decodeDicom), { message: /b": .* are 2.6 mm apart, others 1.3 mm/ });
  // A host without a decoder has no use for folders.
  await assert.rejects(inspect(), { message: /input": no file there ends in .nii.gz/ });
  await Deno.remove(root, { recursive: true });
});
