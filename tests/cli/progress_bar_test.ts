import assert from "node:assert/strict";
import { formatDuration, progressBar } from "../../cli/progress_bar.ts";

function recorded(terminal: boolean) {
  const state = { time: 0, bar: "", lines: [] as string[] };
  const report = progressBar({
    terminal,
    now: () => state.time,
    showStatus: (line) => state.bar = line,
    printLine: (line) => state.lines.push(line),
    width: () => 80,
  });
  const at = (seconds: number, done: number, message?: string) => {
    state.time = seconds * 1000;
    report({ stage: "preprocess 2d", done, total: 20, message });
  };
  return { state, at };
}

Deno.test("on a terminal a bar shows count, rate and time left, then makes way for one line", () => {
  const { state, at } = recorded(true);
  at(0, 0);
  at(10, 5, "case_005");
  assert.equal(
    state.bar,
    "preprocess 2d ██████░░░░░░░░░░░░░░░░░░ 5/20  2.0 s each  30 s left  case_005",
  );
  at(20, 20);
  assert.equal(state.bar, "");
  assert.deepEqual(state.lines, ["preprocess 2d: 20 in 20 s"]);
});

Deno.test("a line never runs over the edge of the terminal", () => {
  const { state, at } = recorded(true);
  at(0, 0);
  at(10, 5, "x".repeat(200));
  assert.equal(state.bar.length, 79);
});

Deno.test("without a terminal a plain line comes every 15 s and at the end", () => {
  const { state, at } = recorded(false);
  for (let second = 0; second <= 40; second++) at(second, second / 2);
  assert.deepEqual(state.lines, [
    "preprocess 2d: 7 of 20, 2.0 s each, 25 s left",
    "preprocess 2d: 15 of 20, 2.0 s each, 10 s left",
    "preprocess 2d: 20 in 40 s",
  ]);
  assert.equal(state.bar, "");
});

Deno.test("a disabled bar shows nothing", () => {
  const lines: string[] = [];
  const report = progressBar({ disabled: true, printLine: (line) => lines.push(line) });
  report({ stage: "x", done: 1, total: 1 });
  assert.deepEqual(lines, []);
});

Deno.test("durations are short and round up to the next unit", () => {
  const seconds = [0, 9.94, 9.96, 59.4, 59.6, 3599.6, 7620];
  assert.deepEqual(seconds.map(formatDuration), [
    "0.0 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 00 s",
    "1 h 00 min",
    "2 h 07 min",
  ]);
});
