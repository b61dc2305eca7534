import { parsePythonJson } from "../python_json.ts";
import type { Store } from "../store.ts";

/** One change to the files of a dataset. */
export type RepairStep =
  /** A file with new content: `write` puts it where it is told. */
  | { to: string; write: (path: string) => Promise<void> }
  | { to: string; moveFrom: string }
  | { remove: string };

/** A change as the journal holds it; doing it twice is as good as once. */
interface JournalStep {
  from?: string;
  to?: string;
  remove?: string;
}

/**
 * Makes all changes or none: new files are first written aside, then a journal of what is left to do;
 * from there on an interrupted run is completed by {@linkcode finishRepair}.
 *
 * @param folder of the dataset
 */
export async function repair(store: Store, folder: string, steps: RepairStep[]): Promise<void> {
  const aside = asideFolder(folder);
  const journal: JournalStep[] = [];
  try {
    for (const [i, step] of steps.entries()) {
      if ("write" in step) {
        const from = `${aside}/${i}/${step.to.slice(step.to.lastIndexOf("/") + 1)}`;
        await step.write(from);
        journal.push({ from, to: step.to });
      } else if ("moveFrom" in step) journal.push({ from: step.moveFrom, to: step.to });
      else journal.push({ remove: step.remove });
    }
    await store.write(`${aside}/journal.json`, JSON.stringify(journal));
  } catch (error) {
    await store.remove(aside);
    throw error;
  }
  await finishRepair(store, folder);
}

/**
 * Completes a repair that was interrupted; one that had not begun to change anything is forgotten.
 *
 * @returns whether there was one to complete
 */
export async function finishRepair(store: Store, folder: string): Promise<boolean> {
  const aside = asideFolder(folder);
  const path = `${aside}/journal.json`;
  const begun = await store.stat(path) !== undefined;
  if (begun) {
    const text = new TextDecoder().decode(await store.read(path));
    for (const { from, to, remove } of parsePythonJson(text) as JournalStep[]) {
      if (remove !== undefined) await store.remove(remove);
      // Gone already where an interrupted run had come past this step.
      else if (from !== undefined && to !== undefined && await store.stat(from)) {
        await store.write(to, await store.read(from));
        await store.remove(from);
      }
    }
  }
  await store.remove(aside);
  return begun;
}

function asideFolder(folder: string): string {
  return `${folder}/.repair`;
}
