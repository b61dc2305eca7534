import { DataError } from "../nnunet/errors.ts";
import { formatPlans } from "../nnunet/plans.ts";
import type { TrainingCaseJob } from "../nnunet/preprocessing/preprocess_training_case.ts";
import { formatPythonJson } from "../nnunet/python_json.ts";

/**
 * A case on its way to a worker. JSON goes as text, because the copy of an object would list keys such
 * as `"1"` in another order, and the order of regions counts.
 */
export type CaseMessage = Omit<TrainingCaseJob, "json" | "plans"> & {
  datasetText: string;
  plansText: string;
};

/** What a worker answers: nothing when all went well. */
export interface CaseReply {
  failure?: { message: string; stack?: string; isData: boolean };
}

/** Threads that preprocess cases. There are as many as run at a time; `close` ends them. */
export class PreprocessWorkers {
  readonly #all: Worker[] = [];
  readonly #idle: Worker[] = [];

  /**
   * Preprocesses one case in a worker that is free, or in a new one.
   *
   * @throws what the worker ran into: a {@linkcode DataError} where the user can put it right
   */
  async run({ json, plans, ...job }: TrainingCaseJob): Promise<void> {
    const worker = this.#idle.pop() ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<CaseReply>();
    worker.onmessage = ({ data }: MessageEvent<CaseReply>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`A worker ended on case "${job.files.identifier}": ${event.message}`));
    };
    const message: CaseMessage = {
      ...job,
      datasetText: formatPythonJson(json),
      plansText: formatPlans(plans),
    };
    worker.postMessage(message);
    const { failure } = await promise;
    this.#idle.push(worker);
    if (failure) throw asError(failure);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./preprocess_worker.ts", import.meta.url), {
      type: "module",
    });
    this.#all.push(worker);
    return worker;
  }

  close(): void {
    for (const worker of this.#all) worker.terminate();
  }
}

function asError({ message, stack, isData }: NonNullable<CaseReply["failure"]>): Error {
  const error = isData ? new DataError(message) : new Error(message);
  error.stack = stack;
  return error;
}
