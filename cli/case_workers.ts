import { availableParallelism } from "node:os";
import { DataError } from "../nnunet/errors.ts";
import type { CaseFingerprint, CaseFingerprintJob } from "../nnunet/fingerprint.ts";
import type { Finding } from "../nnunet/integrity.ts";
import type { CheckCaseJob } from "../nnunet/integrity_case.ts";
import { formatPlans } from "../nnunet/plans.ts";
import type { TrainingCaseJob } from "../nnunet/preprocessing/preprocess_training_case.ts";
import { formatPythonJson } from "../nnunet/python_json.ts";
import type { RunCasesOptions } from "../nnunet/run_cases.ts";
import type { DenoStore } from "./deno_store.ts";

/**
 * A case to be preprocessed, on its way to a worker. JSON goes as text, because the copy of an object
 * would list keys such as `"1"` in another order, and the order of regions counts.
 */
type PreprocessMessage = Omit<TrainingCaseJob, "json" | "plans"> & {
  datasetText: string;
  plansText: string;
};

/** What a worker is asked for. */
export type CaseRequest =
  | { task: "check"; job: CheckCaseJob }
  | { task: "fingerprint"; job: CaseFingerprintJob }
  | { task: "preprocess"; job: PreprocessMessage };

/** What a worker answers. */
export interface CaseReply {
  result?: unknown;
  failure?: { message: string; stack?: string; isData: boolean };
}

/** Size of the image files from which workers are used. */
const WORKERS_FROM_BYTES = 64 * 2 ** 20;

/**
 * Threads that work on cases. There are as many as run at a time; the end of the scope ends them, and
 * what they took of memory is free again.
 *
 * A failure of a worker is thrown here: a {@linkcode DataError} where the user can put it right.
 */
export class CaseWorkers implements Disposable {
  readonly #all: Worker[] = [];
  readonly #idle: Worker[] = [];

  check(job: CheckCaseJob): Promise<Finding[]> {
    return this.#run({ task: "check", job }) as Promise<Finding[]>;
  }

  fingerprint(job: CaseFingerprintJob): Promise<CaseFingerprint> {
    return this.#run({ task: "fingerprint", job }) as Promise<CaseFingerprint>;
  }

  async preprocess({ json, plans, ...job }: TrainingCaseJob): Promise<void> {
    const texts = { datasetText: formatPythonJson(json), plansText: formatPlans(plans) };
    await this.#run({ task: "preprocess", job: { ...job, ...texts } });
  }

  /** Works on one case in a worker that is free, or in a new one. */
  async #run(request: CaseRequest): Promise<unknown> {
    const worker = this.#idle.pop() ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<CaseReply>();
    worker.onmessage = ({ data }: MessageEvent<CaseReply>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      const { identifier } = request.job.files;
      reject(new Error(`A worker ended on case "${identifier}": ${event.message}`));
    };
    worker.postMessage(request);
    const { result, failure } = await promise;
    this.#idle.push(worker);
    if (failure) throw asError(failure);
    return result;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./case_worker.ts", import.meta.url), { type: "module" });
    this.#all.push(worker);
    return worker;
  }

  [Symbol.dispose](): void {
    for (const worker of this.#all) worker.terminate();
  }
}

/**
 * Has the cases of a large dataset done by workers. Small images are done before the first worker is
 * up: for them there is nothing to set.
 *
 * @param images paths of the image files
 * @param runCase what a worker does
 */
export async function workersForLarge<Job, Result>(
  store: DenoStore,
  images: string[],
  runCase: (job: Job) => Promise<Result>,
): Promise<Pick<RunCasesOptions<Job, Result>, "runCase" | "parallel" | "maxBytes">> {
  const stats = await Promise.all(images.map((path) => store.stat(path)));
  const bytes = stats.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
  if (bytes <= WORKERS_FROM_BYTES) return {};
  const maxBytes = Deno.systemMemoryInfo().available / 2;
  return { runCase, parallel: availableParallelism(), maxBytes };
}

function asError({ message, stack, isData }: NonNullable<CaseReply["failure"]>): Error {
  const error = isData ? new DataError(message) : new Error(message);
  error.stack = stack;
  return error;
}
