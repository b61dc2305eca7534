import type { CaseFiles } from "./dataset.ts";
import type { OnProgress } from "./progress.ts";
import { runBounded } from "./run_bounded.ts";
import type { Store } from "./store.ts";

/** How the cases of a dataset are worked on. */
export interface RunCasesOptions<Job, Result> {
  onProgress?: OnProgress;
  /** Stops between cases. */
  signal?: AbortSignal;
  /** Does one case, e.g. in a worker. By default this thread does it. */
  runCase?: (job: Job) => Promise<Result>;
  /** Cases at a time. @default {1} */
  parallel?: number;
  /** Memory for the cases at work, estimated from their files. @default {4 GiB} */
  maxBytes?: number;
}

/** Limits of {@linkcode runCases} and what it reports as progress. */
export interface CaseStage extends Omit<RunCasesOptions<never, never>, "runCase"> {
  /** Its name. */
  stage: string;
  /** Cases that were done before. @default {0} */
  done?: number;
}

/**
 * Memory that a case takes, per byte of its image files: they hold 2 bytes a voxel; read they are
 * float32, and there are up to four such arrays (image, cropped, half-way and done).
 */
const BYTES_PER_FILE_BYTE = 8;
/** What scans are usually compressed to. */
const COMPRESSION = 3;
const UNCOMPRESSED = /\.(nii|mha|mhd|tif|tiff|bmp|gipl)$/;

/**
 * Works on the cases of a dataset in order, within limits of number and memory, and reports each.
 *
 * @returns the results in the order of the cases
 * @throws the first failure; no further case is begun after it
 */
export async function runCases<Result>(
  store: Store,
  cases: readonly CaseFiles[],
  run: (files: CaseFiles) => Promise<Result>,
  { stage, done = 0, onProgress, signal, parallel = 1, maxBytes = 4 * 2 ** 30 }: CaseStage,
): Promise<Result[]> {
  const total = done + cases.length;
  const items = await Promise.all(
    cases.map(async (files) => ({ files, bytes: await estimateBytes(store, files) })),
  );
  onProgress?.({ stage, done, total });
  return await runBounded(items, async ({ files }) => {
    signal?.throwIfAborted();
    const result = await run(files);
    onProgress?.({ stage, done: ++done, total, message: files.identifier });
    return result;
  }, { parallel, maxBytes, bytesOf: ({ bytes }) => bytes });
}

async function estimateBytes(store: Store, { images }: CaseFiles): Promise<number> {
  const bytes = await Promise.all(images.map(async (path) => {
    const size = (await store.stat(path))?.size ?? 0;
    return size * (UNCOMPRESSED.test(path) ? 1 : COMPRESSION) * BYTES_PER_FILE_BYTE;
  }));
  return bytes.reduce((sum, n) => sum + n, 0);
}
