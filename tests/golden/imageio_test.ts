import assert from "node:assert/strict";
import { DenoStore } from "../../cli/deno_store.ts";
import { DataError } from "../../nnunet/errors.ts";
import {
  determineReader,
  type MedicalImage,
  type ReaderName,
  readImages,
  readSeg,
  writeSeg,
} from "../../nnunet/imageio/mod.ts";
import { decodeBmp } from "../../nnunet/imageio/bmp.ts";
import { readItkFile } from "../../nnunet/imageio/itk_file.ts";
import { readNiftiFile } from "../../nnunet/imageio/nifti_file.ts";
import { decodePng } from "../../nnunet/imageio/png.ts";
import { readTiff } from "../../nnunet/imageio/tiff.ts";
import { parseTiff } from "../../nnunet/imageio/tiff_pages.ts";
import { typeOf } from "../../nnunet/imageio/voxels.ts";
import type { Store } from "../../nnunet/store.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import {
  goldenPath,
  type GoldenTensor,
  goldenTest,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

const PART = "imageio";
/** Scaled NIfTI values: nibabel multiplies in float64, ITK in float32. */
const VALUE_LIMIT = 2e-7;
const GEOMETRY_LIMIT = 1e-6;

/** Files that the reference reads although they are damaged, or whose compression is not known. */
const REFUSED = /copy or export it again$|save it (again )?with (zlib|deflate)/;

const load = () => ({
  store: new DenoStore(goldenPath(PART)),
  cases: readGoldenJson(PART, "cases.json").cases as Json[],
  arrays: readSafetensors(PART, "arrays.safetensors.gz"),
});

goldenTest(PART, "images and segmentations as nnU-Net's readers return them", async () => {
  const { store, cases, arrays } = load();
  const worst = new Worst();
  const wrong: string[] = [];
  let reads = 0;
  const refused = new Set<string>();
  for (const { name, files, readers } of cases) {
    for (const [reader, expected] of Object.entries<Json>(readers)) {
      const where = `${name} ${reader}`;
      const isNifti = /\.(nii|hdr|img)(\.gz)?$/i.test(files[0]);
      const compare = async (what: string, wanted: Json, key: string, read: Read) => {
        reads++;
        const got = await attempt(read);
        if (wanted.error) {
          if (!(got instanceof Error)) wrong.push(`${where} ${what}: read, the reference refuses`);
          return;
        }
        if (got instanceof Error) {
          if (REFUSED.test(got.message)) refused.add(`${name}: ${got.message}`);
          else wrong.push(`${where} ${what}: ${got.message}`);
          return;
        }
        const array = arrays.get(key)!;
        const differs = worst.image(got, wanted, array, isNifti ? VALUE_LIMIT : 0);
        if (differs) wrong.push(`${where} ${what}: ${differs}`);
      };
      const name_ = reader as ReaderName;
      const images = `${name}/${reader}/images`;
      await compare("images", expected.images, images, () => readImages(store, name_, files));
      if (expected.seg === undefined) continue;
      const same = expected.seg === "as images";
      await compare(
        "seg",
        same ? expected.images : expected.seg,
        same ? images : `${name}/${reader}/seg`,
        () => readSeg(store, name_, files[0]),
      );
    }
  }
  worst.report();
  print(`    ${PART}: ${reads} reads of ${cases.length} cases, ${refused.size} refused:`);
  for (const line of refused) print(`      ${line}`);
  assert.deepEqual(wrong, []);
  assert.ok(refused.size <= 0.05 * cases.length, "too many files are refused");
});

goldenTest(PART, "written segmentations agree with those that nnU-Net writes", async () => {
  const { store, cases, arrays } = load();
  const worst = new Worst();
  const wrong: string[] = [];
  let written = 0;
  for (const { name, files, readers } of cases) {
    for (const [reader, expected] of Object.entries<Json>(readers)) {
      if (!expected.written) continue;
      const where = `${name} ${reader}`;
      const image = await attempt(() => readImages(store, reader as ReaderName, files));
      if (image instanceof Error) continue;
      const label = arrays.get(`${name}/${reader}/label`)!;
      const path: string = expected.written.file ?? `written/${name}`;
      const memory = new MemoryStore();
      const failed = await attempt(() =>
        writeSeg(
          memory,
          reader as ReaderName,
          path,
          label.data as Int16Array,
          label.shape as [number, number, number],
          image.properties,
        )
      );
      if (expected.written.error) {
        if (!failed) wrong.push(`${where}: written, the reference refuses`);
        continue;
      }
      if (failed) {
        wrong.push(`${where}: ${failed.message}`);
        continue;
      }
      written++;
      // Where nnU-Net's file lost labels (300 in uint8), ours keeps them; where it lost slices
      // (a 2D image with colours), so does ours.
      const faithful: boolean = expected.written.reads_back_equal;
      const shape = expected.written.reads_back_shape;
      const readBack: [string, Store][] = [];
      if (faithful) readBack.push(["nnU-Net's", store]);
      if (faithful || `${shape?.slice(1)}` === `${label.shape}`) readBack.push(["our", memory]);
      for (const [whose, from] of readBack) {
        const back = await attempt(() => readSeg(from, reader as ReaderName, path));
        if (back instanceof Error) wrong.push(`${where}, ${whose} file: ${back.message}`);
        else if (!sameValues(back, label)) wrong.push(`${where}, ${whose} file: other labels`);
      }
      const differs = await worst.header(memory, path, expected.written.header, faithful);
      if (differs) wrong.push(`${where}: ${differs}`);
    }
  }
  worst.report();
  print(`    ${PART}: ${written} files written`);
  assert.deepEqual(wrong, []);
});

goldenTest(PART, "the same reader is chosen", async () => {
  const { store, cases } = load();
  const wrong: string[] = [];
  for (const { name, files, file_ending, auto_reader } of cases) {
    if (auto_reader === undefined) continue;
    const got = await attempt(() => determineReader(file_ending, files[0], store));
    if (auto_reader.error) {
      if (!(got instanceof Error)) wrong.push(`${name}: ${got}, the reference finds none`);
    } else if (got instanceof Error) {
      if (!REFUSED.test(got.message)) wrong.push(`${name}: ${got.message}`);
    } else if (got !== auto_reader) wrong.push(`${name}: ${got}, not ${auto_reader}`);
  }
  assert.deepEqual(wrong, []);
});

type Read = () => Promise<MedicalImage>;

/** The result, or the {@linkcode DataError} it threw; anything else is a bug and passes on. */
async function attempt<T>(run: () => Promise<T>): Promise<T | DataError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

/** Compares with the reference and keeps the largest deviations. */
class Worst {
  #values = 0;
  #spacing = 0;
  #geometry = 0;
  #inexact = 0;
  #limit = 0;

  /** What differs, or `undefined`. */
  image(got: MedicalImage, wanted: Json, array: GoldenTensor, limit: number): string | undefined {
    this.#limit = Math.max(this.#limit, limit);
    if (`${got.shape}` !== `${wanted.shape}`) return `shape ${got.shape}, not ${wanted.shape}`;
    let largest = 0, deviation = 0;
    for (let i = 0; i < array.data.length; i++) {
      const [a, b] = [got.data[i], array.data[i]];
      if (Number.isFinite(b)) largest = Math.max(largest, Math.abs(b));
      if (!Object.is(a, b) && a !== b) {
        deviation = Math.max(deviation, Number.isFinite(b) ? Math.abs(a - b) : Infinity);
      }
    }
    if (!(deviation <= limit * largest)) return `values differ by ${deviation} of ${largest}`;
    if (deviation > 0) this.#inexact++;
    this.#values = Math.max(this.#values, deviation / (largest || 1));
    const { spacing, ...stuff } = got.properties;
    const { spacing: wantedSpacing, ...wantedStuff } = wanted.properties;
    const d = relative(spacing, wantedSpacing);
    this.#spacing = Math.max(this.#spacing, d);
    if (!(d <= GEOMETRY_LIMIT)) return `spacing ${spacing}, not ${wantedSpacing}`;
    return this.#same(stuff, wantedStuff, "properties");
  }

  /** What differs between a written file and nnU-Net's description of its own, or `undefined`. */
  async header(
    store: MemoryStore,
    path: string,
    wanted: Json,
    sameType: boolean,
  ): Promise<string | undefined> {
    if (wanted.nibabel && !wanted.nibabel.error) {
      const { header } = await readNiftiFile(store, path);
      const n = wanted.nibabel;
      const [qx, qy, qz] = [n.qoffset_x, n.qoffset_y, n.qoffset_z];
      const differs = this.#same(
        {
          dim: header.dim,
          pixdim: header.pixdim,
          units: header.units,
          codes: [header.sformCode, header.qformCode],
          srow: header.srow,
          qoffset: header.qoffset,
          datatype: sameType ? header.datatype : n.datatype,
        },
        {
          dim: n.dim.slice(1, 1 + n.dim[0]),
          pixdim: n.pixdim,
          units: n.xyzt_units,
          codes: [n.sform_code, n.qform_code],
          srow: [n.srow_x, n.srow_y, n.srow_z],
          qoffset: [qx, qy, qz],
          datatype: n.datatype,
        },
        "NIfTI header",
      );
      if (differs) return differs;
      // q and -q are the same rotation; they meet where the real part is 0.
      const q = [n.quatern_b, n.quatern_c, n.quatern_d];
      const [plus, minus] = [1, -1].map((sign) =>
        Math.max(...q.map((x, i) => Math.abs(x - sign * header.quaternion[i])))
      );
      if (Math.min(plus, minus) > GEOMETRY_LIMIT) {
        return `quaternion ${header.quaternion}, not ${q}`;
      }
    }
    if (wanted.tifffile) {
      const { shape, voxels } = await readTiff(store, path);
      const { compression } = parseTiff(path, await store.read(path)).pages[0];
      const t = wanted.tifffile;
      return this.#same(
        { shape, type: typeOf(voxels), compression: compression === 8 ? "ADOBE_DEFLATE" : "NONE" },
        { shape: t.shape, type: t.dtype, compression: t.compression },
        "TIFF file",
      );
    }
    if (wanted.pillow) {
      const bytes = await store.read(path);
      const picture = path.endsWith("png") ? await decodePng(path, bytes) : decodeBmp(path, bytes);
      const mode = picture.values instanceof Uint8Array ? "L" : "I;16";
      return this.#same(
        { mode, size: [picture.width, picture.height], channels: picture.channels },
        { mode: wanted.pillow.mode, size: wanted.pillow.size_width_height, channels: 1 },
        "picture",
      );
    }
    if (wanted.sitk && !wanted.sitk.error) {
      const image = await readItkFile(store, path);
      const s = wanted.sitk;
      const bits = { uint8: "8-bit unsigned integer", uint16: "16-bit unsigned integer" };
      const type = bits[typeOf(image.voxels) as keyof typeof bits];
      if (sameType && type !== s.pixel_type) return `${type}, not ${s.pixel_type}`;
      return this.#same(
        {
          size: image.size,
          spacing: image.spacing,
          origin: image.origin,
          direction: image.direction,
        },
        { size: s.size, spacing: s.spacing, origin: s.origin, direction: s.direction },
        "file as ITK sees it",
      );
    }
  }

  /** Same keys, same texts, numbers within the limit (relative above 1). */
  #same(got: Json, wanted: Json, where: string): string | undefined {
    if (typeof wanted === "number") {
      const d = typeof got === "number"
        ? Math.abs(got - wanted) / Math.max(1, Math.abs(wanted))
        : Infinity;
      this.#geometry = Math.max(this.#geometry, d);
      return d <= GEOMETRY_LIMIT ? undefined : `${where} is ${got}, not ${wanted}`;
    }
    if (typeof wanted !== "object" || wanted === null) {
      return got === wanted ? undefined : `${where} is ${got}, not ${wanted}`;
    }
    const keys = new Set([...Object.keys(wanted), ...Object.keys(got ?? {})]);
    for (const key of keys) {
      const differs = this.#same(got?.[key], wanted[key], `${where}.${key}`);
      if (differs) return differs;
    }
  }

  report(): void {
    if (this.#limit > 0) {
      reportWorst(PART, "value / largest", this.#values, this.#limit);
      reportWorst(PART, "spacing (relative)", this.#spacing, GEOMETRY_LIMIT);
      print(`    ${PART}: ${this.#inexact} arrays are not equal to the last bit`);
    }
    reportWorst(PART, "origin, direction, affine, header", this.#geometry, GEOMETRY_LIMIT);
  }
}

function relative(a: number[], b: number[]): number {
  if (a.length !== b.length) return Infinity;
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]) / (Math.abs(b[i]) || 1)));
}

function sameValues(image: MedicalImage, label: GoldenTensor): boolean {
  return image.data.length === label.data.length &&
    `${image.shape.slice(1)}` === `${label.shape}` &&
    image.data.every((x, i) => x === label.data[i]);
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
