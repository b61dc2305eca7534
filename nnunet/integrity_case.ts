import type { CaseFiles } from "./dataset.ts";
import { DataError } from "./errors.ts";
import { type MedicalImage, type ReaderName, readImages, readSeg } from "./imageio/mod.ts";
import type { Finding, FindingKind } from "./integrity.ts";
import { hasNaN } from "./numerics/nan.ts";
import type { Store } from "./store.ts";

/** A file of a case with what its reader gave. */
interface ReadFile extends MedicalImage {
  path: string;
}

/** One training case to be checked; plain data, so that it can be sent to a worker. */
export interface CheckCaseJob {
  reader: ReaderName;
  files: CaseFiles;
  /** Names of the channels it should have. */
  channels: string[];
  /** Values that the label map may hold. */
  labels: number[];
}

/**
 * Looks for what is wrong with one training case: files that cannot be read, NaN, unknown label
 * values, a wrong number of channels, and grids that differ between channels or from the label map.
 */
export async function checkCase(
  store: Store,
  { reader, files: { identifier, images, label }, channels, labels }: CheckCaseJob,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report = (severity: Finding["severity"], kind: FindingKind, message: string) =>
    void findings.push({ kind, severity, identifier, message });
  const read = async (path: string, load: () => Promise<MedicalImage>) => {
    try {
      return { path, ...await load() };
    } catch (cause) {
      if (!(cause instanceof DataError)) throw cause;
      report("error", "unreadable", cause.message);
    }
  };

  // One file at a time, so that every message can name its file.
  const files: ReadFile[] = [];
  for (const path of images) {
    const file = await read(path, () => readImages(store, reader, [path]));
    if (file) files.push(file);
  }
  const seg = await read(label, () => readSeg(store, reader, label));
  if (reader === "Tiff3DIO") await checkSidecars(store, images, label, report);

  for (const { path, data } of files) {
    if (hasNaN(data)) {
      report("error", "NaN", `"${path}" holds NaN: replace it by numbers`);
    }
  }
  if (seg) checkLabelValues(seg, labels, report);
  if (files.length < images.length) return findings;

  const found = files.reduce((sum, { shape }) => sum + shape[0], 0);
  if (found !== channels.length) {
    const present = images.length === 0 ? "no file" : images.map((path) => `"${path}"`).join(", ");
    report(
      "error",
      "channels",
      `case "${identifier}" has ${found} of ${channels.length} channels: dataset.json names ` +
        `${
          channels.join(", ")
        }, there is ${present}; add or remove files, or correct channel_names`,
    );
  }
  const [first, ...others] = files;
  if (!first) return findings;
  // A differing channel is an error of reading, and then the label map is not compared.
  for (const other of others) {
    checkSameGrid(first, other, "resample all channels to one grid", report);
  }
  if (seg && !findings.some(({ kind }) => kind === "shape" || kind === "spacing")) {
    checkSameGrid(first, seg, "resample the label map to the grid of the image", report);
  }
  return findings;
}

type Report = (severity: Finding["severity"], kind: FindingKind, message: string) => void;

function checkLabelValues({ path, data }: ReadFile, expected: number[], report: Report): void {
  const unexpected = new Set<number>();
  const known = new Set(expected);
  for (let i = 0, previous = 0; i < data.length; i++) {
    if (data[i] === previous) continue;
    previous = data[i];
    if (!known.has(previous)) unexpected.add(previous);
  }
  if (unexpected.size === 0) return;
  const values = [...unexpected].sort((a, b) => a - b);
  const listed = values.slice(0, 8).join(", ") + (values.length > 8 ? ", ..." : "");
  report(
    "error",
    "label values",
    `"${path}" holds ${listed}, but dataset.json names only ${expected.join(", ")}: correct the ` +
      `label map or add the labels`,
  );
}

/** Compares two files of a case as nnU-Net does, with `numpy.allclose`. */
function checkSameGrid(a: ReadFile, b: ReadFile, wish: string, report: Report): void {
  const compare = (
    severity: Finding["severity"],
    kind: FindingKind,
    ofA: number[] | undefined,
    ofB: number[] | undefined,
    isSame: (x: number[], y: number[]) => boolean = allClose,
  ) => {
    if (!ofA || !ofB || isSame(ofA, ofB)) return;
    const how = ofA.length === 3
      ? `${kind} ${formatVector(ofB)}, "${a.path}" has ${formatVector(ofA)}`
      : `another ${kind} than "${a.path}", by up to ${formatNumber(largestDifference(ofA, ofB))}`;
    report(
      severity,
      kind,
      `"${b.path}" has ${how}: ` +
        (severity === "error" ? wish : "look at an overlay whether they fit"),
    );
  };
  const [p, q] = [a.properties, b.properties];
  const isEqual = (x: number[], y: number[]) => x.join() === y.join();
  compare("error", "shape", a.shape.slice(1), b.shape.slice(1), isEqual);
  compare("error", "spacing", p.spacing, q.spacing);
  compare("warning", "origin", p.sitk_stuff?.origin, q.sitk_stuff?.origin);
  compare("warning", "direction", p.sitk_stuff?.direction, q.sitk_stuff?.direction);
  const affine = ({ nibabel_stuff }: typeof p) => nibabel_stuff?.original_affine.flat();
  compare("warning", "affine", affine(p), affine(q));
}

function largestDifference(a: number[], b: number[]): number {
  return a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i])), 0);
}

/** Short, but long enough to show a difference that matters. */
function formatNumber(value: number): string {
  return String(Number(value.toPrecision(7)));
}

function formatVector(values: number[]): string {
  return `[${values.map(formatNumber).join(", ")}]`;
}

function allClose(a: number[], b: number[]): boolean {
  return a.length === b.length &&
    a.every((x, i) => Math.abs(x - b[i]) <= 1e-8 + 1e-5 * Math.abs(b[i]));
}

/** TIFF volumes take their spacing from a JSON file; nnU-Net warns where it is missing. */
async function checkSidecars(
  store: Store,
  images: string[],
  label: string,
  report: Report,
): Promise<void> {
  const ofImage = images[0]?.replace(/.{5}\.tiff?$/, ".json");
  for (const sidecar of new Set([ofImage, label.replace(/\.tiff?$/, ".json")])) {
    if (sidecar === undefined || await store.stat(sidecar)) continue;
    report(
      "warning",
      "spacing file",
      `"${sidecar}" is missing, spacing 1, 1, 1 is taken: write {"spacing": [z, y, x]} into it`,
    );
  }
}
