import { cpus } from "node:os";
import type { Outcome } from "./task.ts";

/** What one engine achieved in one task. */
export interface Row extends Outcome {
  engine: string;
  /** Effective: operations counted as direct convolution. */
  gflops?: number;
  /** How many times as fast ours is; at least, where the engine was given up. */
  ratio?: number;
  /** The same by processor time, which other load does not touch; means nothing on a graphics card. */
  cpuRatio?: number;
}

/** Everything, a line each, grouped by task; `engines` are their descriptions. */
export function formatTable(engines: readonly string[], rows: readonly Row[]): string {
  return [
    ...heading(engines),
    "ms: wall time; cpu ms: processor time of all threads; operations as direct convolution",
    "ours is: how many times as fast, by wall time and by processor time",
    "deviation: from our result, of its largest element",
    "",
    formatLine("", "ms", "cpu ms", "GFLOPS", "ours is", "by cpu", "deviation"),
    ...tasksOf(rows).flatMap((task) => [task, ...rowsOf(task, rows).map(formatRow)]),
  ].join("\n");
}

/**
 * For docs/performance.md: a line a task, a column an engine, reasons as numbered notes. Ratios by wall
 * time and, in parentheses, by processor time.
 */
export function formatMarkdown(engines: readonly string[], rows: readonly Row[]): string {
  const reasons: string[] = [];
  const cell = ({ ms, gflops, ratio, cpuRatio, reason, givenUpMs }: Row) => {
    const time = `${Math.round(ms ?? givenUpMs!)} ms`;
    if (ms !== undefined && !ratio) return `${time}, ${gflops!.toFixed(1)} GFLOPS`;
    if (ms !== undefined) return `${time}, ${times(ratio!)} (${times(cpuRatio!)})`;
    if (givenUpMs !== undefined) return `> ${time}` + (ratio ? `, > ${times(ratio)}` : "");
    if (!reasons.includes(reason!)) reasons.push(reason!);
    return `(${reasons.indexOf(reason!) + 1})`;
  };
  const columns = [...new Set(rows.map(({ engine }) => engine))];
  const formatCells = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    ...heading(engines).map((text) => `- ${text}`),
    "",
    formatCells(["task", ...columns]),
    formatCells(["---", ...columns.map(() => "--:")]),
    ...tasksOf(rows).map((task) => formatCells([task, ...rowsOf(task, rows).map(cell)])),
    "",
    ...reasons.map((reason, i) => `- (${i + 1}) ${reason}`),
  ].join("\n");
}

function heading(engines: readonly string[]): string[] {
  const date = new Date().toISOString().slice(0, 10);
  return [`${date}, ${cpus().length} cores, ${cpus()[0].model}`, ...engines];
}

function tasksOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ task }) => task))];
}

function rowsOf(task: string, rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.task === task);
}

function formatRow(row: Row): string {
  const { engine, ms, cpuMs, gflops, ratio, cpuRatio, deviation, reason } = row;
  if (ms === undefined) {
    const bound = ratio ? `, ours is more than ${times(ratio)} as fast` : "";
    return `  ${engine.padEnd(16)}${reason}${bound}`;
  }
  return formatLine(
    engine,
    ms.toFixed(2),
    cpuMs!.toFixed(2),
    gflops!.toFixed(2),
    ratio ? times(ratio) : "",
    cpuRatio ? times(cpuRatio) : "",
    deviation!.toExponential(0),
  );
}

function formatLine(engine: string, ...columns: string[]): string {
  return `  ${engine.padEnd(12)}${columns.map((column) => column.padStart(11)).join("")}`;
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`;
}
