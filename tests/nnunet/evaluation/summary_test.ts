import assert from "node:assert/strict";
import { computeMetrics, type Metrics } from "../../../nnunet/evaluation/metrics.ts";
import {
  type CaseMetrics,
  classKey,
  formatSummary,
  parseClassKey,
  parseSummary,
  summarize,
} from "../../../nnunet/evaluation/summary.ts";

function caseWithDice(dice: Record<string, number>): CaseMetrics {
  const metrics = Object.entries(dice).map(([key, Dice]): [string, Metrics] => [
    key,
    { Dice, IoU: Dice, TP: 1, FP: 2, FN: 3, TN: 4, n_pred: 3, n_ref: 4 },
  ]);
  return { metrics: Object.fromEntries(metrics), prediction_file: "p", reference_file: "r" };
}

Deno.test("classKey() prints labels and regions as Python does (spec 07, check 2)", () => {
  for (const [label, key] of [[1, "1"], [[1, 2], "(1, 2)"], [[3], "(3,)"]] as const) {
    assert.equal(classKey(label), key);
    assert.deepEqual(parseClassKey(key), label);
  }
  for (const text of ["", "one", "(1, x)", "1, 2", "()"]) {
    assert.throws(() => parseClassKey(text), /Cannot read class/, text);
  }
});

Deno.test("summarize() leaves NaN cases out, but not NaN classes (spec 07, check 3)", () => {
  const cases = [[0.8, 0.5], [NaN, 0.5], [0.6, 0.5]]
    .map(([a, b]) => caseWithDice({ 1: a, 2: b, 3: NaN }));
  const { mean, foreground_mean } = summarize(cases, [1, 2]);
  assert.equal(mean["1"].Dice, 0.7);
  assert.equal(foreground_mean.Dice, 0.6);
  assert.equal(summarize(cases, [1, 3]).foreground_mean.Dice, NaN);
});

Deno.test("summarize() keeps class 0 out of the foreground mean", () => {
  const summary = summarize([caseWithDice({ 0: 1, 1: 0.5 })], [0, 1]);
  assert.equal(summary.mean["0"].Dice, 1);
  assert.equal(summary.foreground_mean.Dice, 0.5);
});

Deno.test("formatSummary() writes counts of a case as integers and means as floats", () => {
  const [absent, present] = computeMetrics([0, 1], [0, 1], [10, 1]);
  const metrics = { "2": absent, "10": present };
  const cases = [{ metrics, prediction_file: "pred/a.nii.gz", reference_file: "gt/a.nii.gz" }];
  const text = formatSummary(summarize(cases, [2, 10]));
  assert.match(text, /^{\n {4}"foreground_mean": {\n {8}"Dice": NaN,\n {8}"FN": 0\.0,/);
  assert.match(text, /"metrics": {\n {16}"10": {\n {20}"Dice": 1\.0,\n {20}"FN": 0,/);
  assert.ok(text.indexOf('"10"') < text.indexOf('"2"'), "keys are sorted as text");
  assert.deepEqual(parseSummary(text, "summary.json"), summarize(cases, [2, 10]));
});

Deno.test("parseSummary() names the file and what is wrong", () => {
  assert.throws(() => parseSummary("{", "a/summary.json"), /Cannot read "a\/summary.json": /);
  assert.throws(() => parseSummary("[]", "s"), /no JSON object/);
  assert.throws(() => parseSummary('{"foreground_mean": {}}', "s"), /"foreground_mean" is no set/);
});
