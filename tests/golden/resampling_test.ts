import assert from "node:assert/strict";
import type { Shape4 } from "../../nnunet/preprocessing/crop.ts";
import type { Shape3 } from "../../nnunet/preprocessing/fill_holes.ts";
import {
  resampleDataOrSegToShape,
  type ResamplingKwargs,
  separateAxis,
  type Spacing3,
} from "../../nnunet/preprocessing/resample.ts";
import { goldenTest, readGoldenJson, readSafetensors, reportWorst } from "../support/golden.ts";

interface ResamplingCase extends ResamplingKwargs {
  index: number;
  name: string;
  kind: "data" | "seg" | "prob";
  in_shape: Shape4;
  in_dtype: string;
  new_shape: Shape3;
  current_spacing: Spacing3;
  new_spacing: Spacing3;
  force_separate_z: boolean | null;
  decided_axis: number | null;
}

function load(): { cases: ResamplingCase[]; array: (index: number, name: string) => number[] } {
  const tensors = readSafetensors("resampling", "cases.safetensors");
  return {
    cases: readGoldenJson("resampling", "cases.json"),
    array: (index, name) => {
      const tensor = tensors.get(`${String(index).padStart(3, "0")}.${name}`);
      if (tensor === undefined) return [];
      const { dtype, data } = tensor;
      return Array.from(
        dtype === "F16" ? new Float16Array((data as Uint16Array).buffer as ArrayBuffer) : data,
      );
    },
  };
}

function resample<T extends Float32Array | Int16Array>(c: ResamplingCase, data: T): T {
  return resampleDataOrSegToShape(
    data,
    c.in_shape,
    c.new_shape,
    c.current_spacing,
    c.new_spacing,
    c,
  );
}

goldenTest("resampling", "decides like nnU-Net which axis is separate", () => {
  for (const c of load().cases) {
    const axis = separateAxis(c.current_spacing, c.new_spacing, c.force_separate_z);
    assert.equal(axis ?? null, c.decided_axis, c.name);
  }
});

goldenTest("resampling", "images and probabilities agree to 1e-6 of their range", () => {
  const { cases, array } = load();
  let worst = 0;
  for (const c of cases.filter(({ kind }) => kind !== "seg")) {
    const input = array(c.index, "in");
    const expected = array(c.index, "out");
    const actual = resample(c, Float32Array.from(input));
    assert.equal(actual.length, expected.length, c.name);
    const range = Math.max(...input) - Math.min(...input);
    // A float16 result carries half a unit of its own last place, 2^-11 of the largest value.
    const unit = c.in_dtype === "float16" ? 2 ** -10 * Math.max(...input.map(Math.abs)) : 0;
    for (let i = 0; i < expected.length; i++) {
      const deviation = Math.max(Math.abs(actual[i] - expected[i]) - unit, 0) / range;
      worst = Math.max(worst, deviation);
      assert.ok(deviation <= 1e-6, `${c.name}[${i}]: ${actual[i]} instead of ${expected[i]}`);
    }
  }
  reportWorst("resampling", "deviation of images, share of the range", worst, 1e-6);
});

goldenTest("resampling", "label maps are equal, nearly so where labels tie", () => {
  const { cases, array } = load();
  let ties = 0, wrongTies = 0;
  for (const c of cases.filter(({ kind }) => kind === "seg")) {
    const expected = array(c.index, "out");
    const nearTie = array(c.index, "near_tie");
    const actual = resample(c, Int16Array.from(array(c.index, "in")));
    assert.equal(actual.length, expected.length, c.name);
    for (let i = 0; i < expected.length; i++) {
      if (nearTie[i] === 1) {
        ties++;
        if (actual[i] !== expected[i]) wrongTies++;
      } else {
        assert.equal(actual[i], expected[i], `${c.name}[${i}]`);
      }
    }
  }
  const share = wrongTies / Math.max(ties, 1);
  assert.ok(share <= 0.05, `${wrongTies} of ${ties} near ties differ`);
  reportWorst("resampling", `share of ${ties} near ties that differ`, share, 0.05);
});
