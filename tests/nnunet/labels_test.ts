import assert from "node:assert/strict";
import fc from "fast-check";
import type { LabelValue } from "../../nnunet/dataset.ts";
import { DataError } from "../../nnunet/errors.ts";
import { LabelManager } from "../../nnunet/labels.ts";

const manager = (labels: Record<string, LabelValue>, regions_class_order?: number[]) =>
  new LabelManager({ labels, regions_class_order });
const regions = manager({ background: 0, whole: [1, 2, 3], core: [2, 3], enhancing: 3 }, [1, 2, 3]);

Deno.test("LabelManager takes single-valued lists for labels and leaves ignore out", () => {
  const labels = manager({ background: 0, a: [1], b: 2, ignore: 3 });
  assert.equal(labels.hasRegions, false);
  assert.deepEqual(labels.allLabels, [0, 1, 2]);
  assert.deepEqual(labels.foregroundClasses, [[1], [2]]);
  assert.equal(labels.ignoreLabel, 3);
  assert.equal(labels.numSegmentationHeads, 3);
});

Deno.test("LabelManager has a head per region and none for the background", () => {
  assert.deepEqual(regions.regions, [[1, 2, 3], [2, 3], [3]]);
  assert.equal(regions.numSegmentationHeads, 3);
  assert.deepEqual(regions.foregroundLabels, [1, 2, 3]);
});

Deno.test("LabelManager writes later regions over earlier ones", () => {
  const voxels = [[.6, .7, .4], [.9, .1, .2], [.2, .8, .51], [.5, .9, .9], [.5, .5, .5]];
  const probabilities = Float32Array.from([0, 1, 2].flatMap((c) => voxels.map((v) => v[c])));
  assert.deepEqual([...regions.probabilitiesToLabels(probabilities)], [2, 1, 3, 3, 0]);
});

Deno.test("LabelManager takes the first of equal heads", () => {
  const labels = manager({ background: 0, a: 1, b: 2 });
  const probabilities = Float32Array.from([.4, .2, .3, .4, .4, .3, .2, .4, .4]);
  assert.deepEqual([...labels.probabilitiesToLabels(probabilities)], [0, 1, 2]);
});

Deno.test("LabelManager writes labels above 255 with 16 bits", () => {
  const order = manager({ background: 0, a: [1, 2], b: 2 }, [300, 2]);
  assert.deepEqual(order.probabilitiesToLabels(Float32Array.of(1, 0)), Uint16Array.of(300));
});

Deno.test("LabelManager gives probabilities that sum to one, or lie between 0 and 1", () => {
  const exclusive = manager({ background: 0, a: 1, b: 2 });
  const logits = fc.array(fc.float({ min: -500, max: 500, noNaN: true }), {
    minLength: 6,
    maxLength: 6,
  });
  fc.assert(fc.property(logits, (values) => {
    const p = exclusive.logitsToProbabilities(Float32Array.from(values));
    for (const i of [0, 1]) assert.ok(Math.abs(p[i] + p[i + 2] + p[i + 4] - 1) < 1e-6);
    const q = regions.logitsToProbabilities(Float32Array.from(values));
    assert.ok(q.every((v) => v >= 0 && v <= 1));
  }));
});

Deno.test("LabelManager refuses labels that contradict each other", () => {
  const wrong: [Record<string, LabelValue>, number[] | undefined, RegExp][] = [
    [{ a: 1 }, undefined, /no label is called "background"/],
    [{ background: 1, a: 2 }, undefined, /"background" is 1, it must be 0/],
    [{ background: [0, 1] }, undefined, /"background" is \[0,1\]/],
    [{ background: 0, a: 1, ignore: 1 }, undefined, /the ignore label must be 2/],
    [{ background: 0, a: 1, ignore: 3 }, undefined, /the ignore label must be 2/],
    [{ background: 0, a: 1, ignore: [2] }, undefined, /it must be one value/],
    [{ background: 0, a: [1, 2], b: 2 }, undefined, /no regions_class_order/],
    [{ background: 0, a: [1, 2], b: 2 }, [1], /1 values for 2 regions/],
  ];
  for (const [labels, order, message] of wrong) {
    assert.throws(
      () => manager(labels, order),
      (error: Error) => error instanceof DataError && message.test(error.message),
    );
  }
});
