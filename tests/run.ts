// Runs every test, passes the output through, and closes with one line for machines.
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "..");

/** Counts of one `deno test` run. */
export interface TestCounts {
  passed: number;
  failed: number;
  ignored: number;
}

/**
 * Reads the closing line of `deno test`, e.g. `FAILED | 3 passed (2 steps) | 1 failed | 4 ignored (5ms)`;
 * `undefined` where there is none, because the tests did not start.
 */
export function parseSummary(output: string): TestCounts | undefined {
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const line = plain.match(/^(?:ok|FAILED) \| \d+ passed.*$/gm)?.at(-1);
  if (line === undefined) return undefined;
  const count = (word: string) => Number(line.match(`(\\d+) ${word}`)?.[1] ?? 0);
  return { passed: count("passed"), failed: count("failed"), ignored: count("ignored") };
}

/** `12 passed, 0 failed`, with `, 3 skipped` where some were ignored. */
export function formatSummary({ passed, failed, ignored }: TestCounts): string {
  const skipped = ignored > 0 ? `, ${ignored} skipped` : "";
  return `${passed} passed, ${failed} failed${skipped}`;
}

async function run(paths: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", ...paths],
    cwd: ROOT,
    env: Deno.env.get("XDG_RUNTIME_DIR") ? {} : { XDG_RUNTIME_DIR: "/tmp" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let tail = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    await Deno.stdout.write(chunk);
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-20_000);
  }
  const { success } = await child.status;
  const counts = parseSummary(tail) ?? { passed: 0, failed: 0, ignored: 0 };
  // A file that does not compile ends the run before any test fails.
  if (!success && counts.failed === 0) counts.failed = 1;
  // deno-lint-ignore no-console
  console.log(formatSummary(counts));
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await run(Deno.args.length > 0 ? Deno.args : ["tests"]));
