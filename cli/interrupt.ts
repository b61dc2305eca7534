import { printError } from "./print.ts";

/** Why an {@linkcode interruptSignal} fired; not a failure. */
export class Interrupted extends Error {
  override name = "Interrupted";

  constructor() {
    super("Stopped on request");
  }
}

/** What a shell calls a program that was stopped with Ctrl-C. */
export const EXIT_INTERRUPTED = 130;

/**
 * A signal that aborts on Ctrl-C (and on the SIGTERM of a batch system), so that long work can
 * finish its step and save. A second Ctrl-C ends the program at once.
 *
 * @param promise What the first Ctrl-C makes happen, e.g. `"a checkpoint is being written"`.
 */
export function interruptSignal(promise: string): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    printError(`Stopping: ${promise}; press Ctrl-C again to stop at once`);
    controller.abort(new Interrupted());
  };
  Deno.addSignalListener("SIGINT", stop);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  return controller.signal;
}
