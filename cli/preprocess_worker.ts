// Runs in a thread of its own: preprocesses the cases it is sent, one at a time.
import { parseDatasetJson } from "../nnunet/dataset.ts";
import { DataError } from "../nnunet/errors.ts";
import { parsePlans } from "../nnunet/plans.ts";
import { preprocessTrainingCase } from "../nnunet/preprocessing/preprocess_training_case.ts";
import { DenoStore } from "./deno_store.ts";
import type { CaseMessage, CaseReply } from "./preprocess_workers.ts";

/** A worker's side of its channel; `self` is typed as a window otherwise. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<CaseMessage>) => void;
  postMessage: (reply: CaseReply) => void;
};

channel.onmessage = async ({ data: { datasetText, plansText, ...job } }) => {
  try {
    await preprocessTrainingCase(new DenoStore(), {
      ...job,
      json: parseDatasetJson(datasetText, "dataset.json"),
      plans: parsePlans(plansText, "plans"),
    });
    channel.postMessage({});
  } catch (error) {
    const { message, stack } = error as Error;
    channel.postMessage({ failure: { message, stack, isData: error instanceof DataError } });
  }
};
