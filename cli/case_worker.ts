// Runs in a thread of its own: works on the cases it is sent, one at a time.
import { parseDatasetJson } from "../nnunet/dataset.ts";
import { DataError } from "../nnunet/errors.ts";
import { readCaseFingerprint } from "../nnunet/fingerprint.ts";
import { checkCase } from "../nnunet/integrity_case.ts";
import { parsePlans } from "../nnunet/plans.ts";
import { preprocessTrainingCase } from "../nnunet/preprocessing/preprocess_training_case.ts";
import type { CaseReply, CaseRequest } from "./case_workers.ts";
import { DenoStore } from "./deno_store.ts";

/** A worker's side of its channel; `self` is typed as a window otherwise. */
const channel = globalThis as unknown as {
  onmessage: (event: MessageEvent<CaseRequest>) => void;
  postMessage: (reply: CaseReply, transferred?: Transferable[]) => void;
};

channel.onmessage = async ({ data: request }) => {
  try {
    await reply(request, new DenoStore());
  } catch (error) {
    const { message, stack } = error as Error;
    channel.postMessage({ failure: { message, stack, isData: error instanceof DataError } });
  }
};

async function reply(request: CaseRequest, store: DenoStore): Promise<void> {
  switch (request.task) {
    case "check":
      return channel.postMessage({ result: await checkCase(store, request.job) });
    case "fingerprint": {
      const result = await readCaseFingerprint(store, request.job);
      return channel.postMessage(
        { result },
        result.foreground.map(({ buffer }) => buffer as ArrayBuffer),
      );
    }
    case "preprocess": {
      const { datasetText, plansText, ...job } = request.job;
      await preprocessTrainingCase(store, {
        ...job,
        json: parseDatasetJson(datasetText, "dataset.json"),
        plans: parsePlans(plansText, "plans"),
      });
      return channel.postMessage({ result: undefined });
    }
  }
}
