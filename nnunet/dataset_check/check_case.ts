import { DataError } from "../errors.ts";
import type { ImageProperties, MedicalImage } from "../imageio/image.ts";
import { type ReaderName, readImages, readSeg } from "../imageio/mod.ts";
import { countValues, storedLabels } from "../label_values.ts";
import type { Store } from "../store.ts";
import type { CaseToCheck } from "./files.ts";
import { cornerDistance, orientationOf } from "./geometry.ts";
import type { Problem, ProblemKind } from "./problem.ts";

/** What the files of a case hold. */
export interface CaseContent {
  identifier: string;
  problems: Problem[];
  /** Channels of all image files together; `undefined` when one cannot be read. */
  channels?: number;
  /** Voxels by value of the label map; `undefined` when it has none that can be used. */
  labelCounts?: Map<number, number>;
  /** Whether the label map must be stored anew: grey in three channels, or numbers not quite whole. */
  mustStoreLabel: boolean;
  /** Geometry that the label map should have, where its own is off by less than half a voxel. */
  geometryOfImage?: ImageProperties;
  /** SHA-256 of the voxels. */
  imageHash?: string;
  /** Such as `LPS`. */
  orientation?: string;
}

/** Grids that are apart by less than this share of a voxel are the same. */
const SAME = 0.01;
/** Up to this share of a voxel the header of the label map is taken to be rounded. */
const ROUNDED = 0.5;
/** Label values that a float computation has moved off whole numbers. */
const NEARLY_WHOLE = 1e-3;

/** Reads all files of a case, one at a time, and looks for what is wrong with them. */
export async function checkCase(
  store: Store,
  reader: ReaderName,
  { identifier, images, label }: CaseToCheck,
): Promise<CaseContent> {
  const problems: Problem[] = [];
  const report = (kind: ProblemKind, found: string, rest: Partial<Problem>) =>
    void problems.push({ kind, severity: "error", where: identifier, found, ...rest });
  const read = async (path: string, load: () => Promise<MedicalImage>) => {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      report("unreadable file", error.message, { advice: `replace ${fileName(path)}` });
    }
  };
  const content: CaseContent = { identifier, problems, mustStoreLabel: false };

  let first: MedicalImage | undefined;
  let channels = 0;
  let readable = true;
  const hashes: string[] = [];
  for (const { path } of images) {
    const image = await read(path, () => readImages(store, reader, [path]));
    if (!image) {
      readable = false;
      continue;
    }
    channels += image.shape[0];
    const missing = countNaN(image.data);
    if (missing > 0) {
      report("NaN", `${missing} voxels of ${fileName(path)} are NaN`, {
        magnitude: missing,
        advice: "export the image again with numbers there",
      });
    }
    hashes.push(await hash(image.data));
    if (first) compareGrids(fileName(path), first, image, false, report);
    else {
      // Its voxels are not needed any more.
      first = { ...image, data: new Float32Array(0) };
    }
  }
  if (readable && images.length > 0) {
    content.channels = channels;
    content.imageHash = hashes.join();
    content.orientation = first && orientationOf(first.properties);
  }
  if (!label) return content;
  const seg = await read(label.path, () => readSeg(store, reader, label.path));
  if (!seg) return content;
  if (first) {
    const isRounded = compareGrids(fileName(label.path), first, seg, true, report);
    if (isRounded) content.geometryOfImage = first.properties;
  }
  countLabels(label.path, seg, content, report);
  return content;
}

type Report = (kind: ProblemKind, found: string, rest: Partial<Problem>) => void;

/**
 * Reports how the grid of a label map, or of a further channel, differs from that of the first image.
 *
 * @returns whether it is the same but for rounding in its header; only label maps can be written anew
 */
function compareGrids(
  name: string,
  a: MedicalImage,
  b: MedicalImage,
  isLabel: boolean,
  report: Report,
): boolean {
  const [shapeA, shapeB] = [a.shape.slice(1), b.shape.slice(1)];
  if (shapeA.join() !== shapeB.join()) {
    report("shape", `${name} is ${shapeB.join(" x ")}, the first image ${shapeA.join(" x ")}`, {
      advice: "resample it to the grid of the image",
    });
    return false;
  }
  const apart = cornerDistance(a.properties, b.properties, shapeA);
  const voxel = Math.min(...a.properties.spacing);
  const refused = !allClose(a.properties.spacing, b.properties.spacing);
  if (apart <= SAME * voxel && !refused) return false;
  const isRounded = isLabel && apart < ROUNDED * voxel;
  report("geometry", `${name} lies up to ${formatMm(apart)} mm beside the first image`, {
    // nnU-Net stops at a spacing that differs, however little, and overlooks all else.
    severity: refused ? "error" : "warning",
    magnitude: apart,
    ...isRounded
      ? { fix: "take over the header of the image" }
      : { advice: "look at an overlay; resample it, or copy the header if it fits" },
  });
  return isRounded;
}

function countLabels(path: string, seg: MedicalImage, content: CaseContent, report: Report): void {
  const missing = countNaN(seg.data);
  if (missing > 0) {
    return report("NaN", `${missing} voxels of the label map are NaN`, {
      magnitude: missing,
      advice: "export the label map again",
    });
  }
  try {
    const stored = storedLabels(path, seg);
    if (stored.isColour) {
      const colours = countValues(path, stored).size;
      return report("label colours", `the label map holds ${colours} colours`, {
        advice: `make the dataset anew with "prepare", which gives colours numbers`,
      });
    }
    if (seg.shape[0] > 1) {
      content.mustStoreLabel = true;
      report("label colours", "the label map stores grey as colours", {
        fix: "store it with one channel",
      });
    }
    const rounded = roundNearlyWhole(stored.values);
    if (rounded > 0) {
      content.mustStoreLabel = true;
      report("label values", `${rounded} voxels are a little off whole numbers`, {
        fix: "round them",
      });
    }
    content.labelCounts = countValues(path, stored);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    report("unknown label value", error.message, { advice: "correct the label map" });
  }
}

/** Rounds 0.9999 to 1, in place; other fractions stay. Returns how many were rounded. */
export function roundNearlyWhole(values: Float32Array | Uint32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const whole = Math.round(values[i]);
    if (values[i] === whole || Math.abs(values[i] - whole) >= NEARLY_WHOLE) continue;
    values[i] = whole;
    count++;
  }
  return count;
}

function countNaN(data: Float32Array): number {
  let count = 0;
  for (let i = 0; i < data.length; i++) if (data[i] !== data[i]) count++;
  return count;
}

async function hash(data: Float32Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data as Float32Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function allClose(a: number[], b: number[]): boolean {
  return a.every((x, i) => Math.abs(x - b[i]) <= 1e-8 + 1e-5 * Math.abs(b[i]));
}

function formatMm(mm: number): string {
  return mm >= 100 ? mm.toFixed(0) : mm.toPrecision(2);
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
