import type { OnProgress, Progress } from "../nnunet/progress.ts";
import { onTerminal, printError, showStatus, terminalWidth } from "./print.ts";

/** Where progress is shown; the terminal unless a test says otherwise. */
export interface ProgressBarOptions {
  /** `--disable_progress_bar`: shows nothing at all. */
  disabled?: boolean;
  /** A line at the end of each stage. @default {true} */
  closing?: boolean;
  /** A bar that moves, or a plain line now and then. */
  terminal?: boolean;
  /** Milliseconds. */
  now?: () => number;
  showStatus?: (line: string) => void;
  printLine?: (line: string) => void;
  width?: () => number;
}

const BAR_WIDTH = 24;
const REDRAW_MS = 50;
/** Plain lines are for log files: few of them, yet enough to see that it lives. */
const PLAIN_LINE_MS = 15_000;

/**
 * Shows {@linkcode Progress} with rate and time left: as a bar on a terminal, else as a line every
 * 15 s and one at the end of each stage.
 */
export function progressBar(options: ProgressBarOptions = {}): OnProgress {
  const {
    disabled = false,
    closing = true,
    terminal = onTerminal,
    now = () => performance.now(),
    showStatus: show = showStatus,
    printLine = printError,
    width = terminalWidth,
  } = options;
  if (disabled) return () => {};

  let stage: string | undefined;
  let begin = 0;
  let shown = 0;
  let finished = false;
  return (progress) => {
    const time = now();
    if (progress.stage !== stage) {
      if (terminal && stage !== undefined && !finished) show("");
      stage = progress.stage;
      begin = time;
      shown = terminal ? -Infinity : time;
      finished = false;
    }
    if (finished) return;
    const seconds = (time - begin) / 1000;
    if (progress.done >= progress.total) {
      finished = true;
      if (terminal) show("");
      if (closing) printLine(finalLine(progress, seconds));
    } else if (terminal && time - shown >= REDRAW_MS) {
      shown = time;
      show(truncate(barLine(progress, seconds), width() - 1));
    } else if (!terminal && time - shown >= PLAIN_LINE_MS) {
      shown = time;
      printLine(plainLine(progress, seconds));
    }
  };
}

function barLine(progress: Progress, seconds: number): string {
  const filled = Math.floor(BAR_WIDTH * progress.done / progress.total);
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const parts = [`${progress.stage} ${bar} ${Math.floor(progress.done)}/${progress.total}`];
  return [...parts, ...rateAndTimeLeft(progress, seconds), progress.message ?? ""].join("  ");
}

function plainLine(progress: Progress, seconds: number): string {
  const count = `${progress.stage}: ${Math.floor(progress.done)} of ${progress.total}`;
  return [count, ...rateAndTimeLeft(progress, seconds)].join(", ");
}

function finalLine(progress: Progress, seconds: number): string {
  return `${progress.stage}: ${progress.total} in ${formatDuration(seconds)}`;
}

function rateAndTimeLeft({ done, total }: Progress, seconds: number): string[] {
  if (done === 0 || seconds <= 0) return [];
  const rate = done / seconds;
  return [formatRate(rate), `${formatDuration((total - done) / rate)} left`];
}

function formatRate(perSecond: number): string {
  return perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(1 / perSecond).toFixed(1)} s each`;
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

function truncate(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
