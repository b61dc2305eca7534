import type { CaseFiles } from "./dataset.ts";
import { DataError } from "./errors.ts";
import type { MedicalImage } from "./imageio/image.ts";
import { type ReaderName, readImages, readSeg } from "./imageio/mod.ts";
import { IntensityStatistics } from "./intensity_statistics.ts";
import { hasNaN } from "./numerics/nan.ts";
import { median } from "./numerics/percentile.ts";
import { RandomState } from "./numerics/random_state.ts";
import type { IntensityProperties } from "./plans.ts";
import { cropToNonzero } from "./preprocessing/crop.ts";
import { formatPythonJson } from "./python_json.ts";
import { runCases, type RunCasesOptions } from "./run_cases.ts";
import type { Store } from "./store.ts";

/** `dataset_fingerprint.json`, keys as on disk (spec 02, section 1); axes in the reader's order. */
export interface Fingerprint {
  /** By channel number as text. */
  foreground_intensity_properties_per_channel: Record<string, IntensityProperties>;
  /** Voxels after cropping to the non-zero region, as a share of all. */
  median_relative_size_after_cropping: number;
  /** Per case. */
  shapes_after_crop: number[][];
  /** Per case, mm. */
  spacings: number[][];
}

/** What one case contributes to the fingerprint; plain data, so that a worker can send it. */
export interface CaseFingerprint {
  shapeAfterCrop: number[];
  spacing: number[];
  /** Voxels after cropping, as a share of all. */
  relativeSize: number;
  /** Per channel: what to draw samples from, or the samples. */
  foreground: Float32Array[];
  /** Whether `foreground` is the samples themselves, because that is shorter. */
  isDrawn: boolean;
}

const SAMPLES = 1e8;
const SEED = 1234;
/** Samples drawn at a time; few enough to stay in the processor's cache. */
const PIECE = 1 << 14;

/** How many voxels nnU-Net draws per case and channel. */
export function samplesPerCase(numberOfCases: number): number {
  return Math.floor(SAMPLES / numberOfCases);
}

/**
 * Extracts what one case contributes (nnU-Net's `analyze_case`): crops to the non-zero region and
 * collects the voxels of all labels above 0, the ignore label too.
 *
 * @param seg `[1, z, y, x]`
 * @param samples from {@linkcode samplesPerCase}
 * @throws {DataError} when image or segmentation hold NaN, or their shapes differ
 */
export function extractCaseFingerprint(
  image: MedicalImage,
  seg: MedicalImage,
  samples: number,
  identifier: string,
): CaseFingerprint {
  for (const [data, what] of [[image.data, "image"], [seg.data, "segmentation"]] as const) {
    if (hasNaN(data)) {
      throw new DataError(
        `Cannot extract the fingerprint of "${identifier}": its ${what} holds NaN, replace that ` +
          `by numbers`,
      );
    }
  }
  if (image.shape.slice(1).join() !== seg.shape.slice(1).join()) {
    throw new DataError(
      `Cannot extract the fingerprint of "${identifier}": its image is ` +
        `${image.shape.slice(1).join(" x ")}, its segmentation ${
          seg.shape.slice(1).join(" x ")
        }, ` +
        `make them equal`,
    );
  }
  const cropped = cropToNonzero(image.data, image.shape, seg.data);
  const [channels, ...shape] = cropped.shape;
  const voxels = cropped.seg.length;
  let count = 0;
  for (let i = 0; i < voxels; i++) if (cropped.seg[i] > 0) count++;

  const collect = (channel: number) => {
    const values = new Float32Array(count);
    const offset = channel * voxels;
    for (let i = 0, to = 0; i < voxels; i++) {
      if (cropped.seg[i] > 0) values[to++] = cropped.data[offset + i];
    }
    return values;
  };
  const foreground = Array.from({ length: channels }, (_, channel) => collect(channel));
  const isDrawn = count > samples;
  return {
    shapeAfterCrop: shape,
    spacing: image.properties.spacing,
    relativeSize: voxels / (seg.shape[1] * seg.shape[2] * seg.shape[3]),
    foreground: isDrawn ? collectSamples(foreground, samples) : foreground,
    isDrawn,
  };
}

/**
 * Makes the fingerprint of a dataset from those of its cases, with NumPy's rounding throughout.
 *
 * @param cases in the order of `discoverCases`
 * @throws {DataError} when no case has foreground
 */
export function summariseFingerprint(cases: CaseFingerprint[]): Fingerprint {
  return {
    foreground_intensity_properties_per_channel: summariseIntensities(cases),
    median_relative_size_after_cropping: median(cases.map((c) => c.relativeSize)),
    shapes_after_crop: cases.map((c) => c.shapeAfterCrop),
    spacings: cases.map((c) => c.spacing),
  };
}

function summariseIntensities(cases: CaseFingerprint[]): Record<string, IntensityProperties> {
  const samples = samplesPerCase(cases.length);
  const withForeground = cases.filter((c) => c.foreground[0].length > 0);
  if (withForeground.length === 0) {
    throw new DataError(
      `Cannot extract the fingerprint of ${cases.length} cases: none has a labelled voxel, check ` +
        `the segmentations`,
    );
  }
  // A case without foreground adds an empty float64 array in nnU-Net, and that decides the type.
  const type = withForeground.length < cases.length ? "float64" : "float32";
  const statistics = cases[0].foreground.map(() =>
    new IntensityStatistics(samples * withForeground.length, type)
  );
  const visitAll = (visit: SampleVisitor) => {
    for (const { foreground, isDrawn } of withForeground) {
      if (isDrawn) foreground.forEach((values, channel) => visit(channel, values));
      else drawSamples(foreground, samples, visit);
    }
  };
  visitAll((channel, values) => statistics[channel].addFirst(values));
  for (const channel of statistics) channel.finishFirst();
  visitAll((channel, values) => statistics[channel].addSecond(values));
  return Object.fromEntries(statistics.map((channel, i) => [String(i), channel.result()]));
}

/** Receives the next samples of a channel, in an array that is used again. */
type SampleVisitor = (channel: number, values: Float32Array) => void;

/** Draws the samples of one case, with one random state for all its channels. */
function drawSamples(foreground: Float32Array[], samples: number, visit: SampleVisitor): void {
  const random = new RandomState(SEED);
  const piece = new Float32Array(Math.min(samples, PIECE));
  foreground.forEach((values, channel) => {
    for (let left = samples; left > 0; left -= PIECE) {
      const drawn = piece.subarray(0, Math.min(left, PIECE));
      random.choiceFrom(values, drawn);
      visit(channel, drawn);
    }
  });
}

function collectSamples(foreground: Float32Array[], samples: number): Float32Array[] {
  const all = foreground.map(() => new Float32Array(samples));
  const filled = foreground.map(() => 0);
  drawSamples(foreground, samples, (channel, values) => {
    all[channel].set(values, filled[channel]);
    filled[channel] += values.length;
  });
  return all;
}

/** One case whose fingerprint is wanted; plain data, so that it can be sent to a worker. */
export interface CaseFingerprintJob {
  reader: ReaderName;
  files: CaseFiles;
  /** From {@linkcode samplesPerCase}. */
  samples: number;
}

/**
 * Reads a case and extracts what it contributes.
 *
 * @throws {DataError} when a file cannot be used
 */
export async function readCaseFingerprint(
  store: Store,
  { reader, files: { identifier, images, label }, samples }: CaseFingerprintJob,
): Promise<CaseFingerprint> {
  const image = await readImages(store, reader, images);
  const seg = await readSeg(store, reader, label);
  return extractCaseFingerprint(image, seg, samples, identifier);
}

/**
 * Extracts the fingerprint of a dataset, equal to nnU-Net's `DatasetFingerprintExtractor` (spec 02,
 * section 1). Holds one image at a time unless told otherwise, and 4 bytes a sampled voxel.
 *
 * @throws {DataError} when a file cannot be used
 */
export async function extractFingerprint(
  store: Store,
  reader: ReaderName,
  cases: CaseFiles[],
  {
    runCase = (job) => readCaseFingerprint(store, job),
    ...options
  }: RunCasesOptions<CaseFingerprintJob, CaseFingerprint> = {},
): Promise<Fingerprint> {
  const samples = samplesPerCase(cases.length);
  const run = (files: CaseFiles) => runCase({ reader, files, samples });
  const results = await runCases(store, cases, run, { stage: "fingerprint", ...options });
  checkSameChannels(cases, results);
  return summariseFingerprint(results);
}

function checkSameChannels(cases: CaseFiles[], [first, ...others]: CaseFingerprint[]): void {
  const channels = first.foreground.length;
  const other = others.findIndex(({ foreground }) => foreground.length !== channels) + 1;
  if (other === 0) return;
  const found = others[other - 1].foreground.length;
  throw new DataError(
    `Cannot extract the fingerprint: case "${cases[0].identifier}" has ${channels} channels, ` +
      `"${cases[other].identifier}" ${found}, make them equal`,
  );
}

/** Text of `dataset_fingerprint.json` as nnU-Net writes it. */
export function formatFingerprint(fingerprint: Fingerprint, reader: ReaderName): string {
  // Readers of formats without a header for it give the spacing in whole numbers.
  const wholeSpacings = reader === "NaturalImage2DIO" || reader === "Tiff3DIO";
  return formatPythonJson(fingerprint, {
    sortKeys: true,
    isFloat: ([key]) =>
      key === "foreground_intensity_properties_per_channel" ||
      key === "median_relative_size_after_cropping" || (key === "spacings" && !wholeSpacings),
  });
}
