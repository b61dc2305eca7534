// deno-lint-ignore-file no-console
// The one file that writes to the terminal.

const encoder = new TextEncoder();
let status = "";

/** Whether a person is watching: then a line may be drawn over. */
export const onTerminal: boolean = Deno.stderr.isTerminal();

/** Prints a line on standard output. */
export function print(line = ""): void {
  aboveStatus(() => console.log(line));
}

/** Prints a line on standard error: failures and warnings, which must not mix with results. */
export function printError(line: string): void {
  aboveStatus(() => console.error(line));
}

/**
 * Shows `line` at the bottom of the terminal in place of the one shown before; lines printed
 * meanwhile appear above it. An empty line takes it away.
 */
export function showStatus(line: string): void {
  if (line === status) return;
  Deno.stderr.writeSync(encoder.encode(`\r\x1b[K${line}`));
  status = line;
}

/** Columns of the terminal; 80 where it does not say. */
export function terminalWidth(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

function aboveStatus(write: () => void): void {
  const kept = status;
  if (kept) showStatus("");
  write();
  if (kept) showStatus(kept);
}
