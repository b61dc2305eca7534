import assert from "node:assert/strict";
import { IntensityStatistics } from "../../nnunet/intensity_statistics.ts";

function statistics(values: Float32Array, type: "float32" | "float64") {
  const statistics = new IntensityStatistics(values.length, type);
  statistics.addFirst(values);
  statistics.finishFirst();
  statistics.addSecond(values);
  return statistics.result();
}

Deno.test("IntensityStatistics gives NumPy's mean, deviation and percentiles", () => {
  const values = Float32Array.from({ length: 1001 }, (_, i) => i);
  assert.deepEqual(statistics(values, "float64"), {
    max: 1000,
    mean: 500,
    median: 500,
    min: 0,
    percentile_00_5: 5,
    percentile_99_5: 995,
    std: Math.sqrt((1001 ** 2 - 1) / 12),
  });
});

Deno.test("IntensityStatistics rounds as the type of the array does", () => {
  const values = Float32Array.of(0.1, 0.3, 0.2, 7);
  const narrow = statistics(values, "float32");
  const wide = statistics(values, "float64");
  assert.equal(narrow.mean, Math.fround(narrow.mean));
  assert.notEqual(wide.mean, narrow.mean);
  assert.ok(Math.abs(wide.std - narrow.std) < 1e-6);
  assert.equal(narrow.median, wide.median);
});

Deno.test("IntensityStatistics of one number are that number", () => {
  const { std, median, percentile_99_5 } = statistics(Float32Array.of(-3.5), "float32");
  assert.deepEqual([std, median, percentile_99_5], [0, -3.5, -3.5]);
});
