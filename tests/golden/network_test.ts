import assert from "node:assert/strict";
import { crossEntropyDice, type Tensor, valueAndGrad } from "../../engine/mod.ts";
import { Unet } from "../../nnunet/network/unet.ts";
import {
  deepSupervisionLoss,
  deepSupervisionWeights,
  targetFor,
} from "../../nnunet/training/deep_supervision.ts";
import { relativeError } from "../support/arrays.ts";
import {
  goldenNames,
  goldenPath,
  readGoldenJson,
  readSafetensors,
  reportWorst,
} from "../support/golden.ts";
import { isBiasBeforeNorm, withPrefix } from "../support/golden_network.ts";
import { gpuTest } from "../support/gpu_test.ts";

const names = goldenNames("network").filter((name) => name.endsWith(".json"));
const worst = { output: 0, loss: 0, gradient: 0, "gradient that is 0": 0 };

for (const file of names) {
  const name = file.slice(0, -".json".length);
  gpuTest(`golden network: ${name}`, async (gpu) => {
    const info = readGoldenJson("network", file);
    const arrays = readSafetensors("network", `${name}.safetensors`);
    const float = (key: string) => arrays.get(key)!.data as Float32Array;
    const network = new Unet(gpu, info, {
      inputChannels: info.input_channels,
      outputChannels: info.output_channels,
    });
    const parameters = network.parameters();
    assert.deepEqual([...parameters.keys()], info.parameter_names_in_order);
    network.load(withPrefix(arrays, "param/"));
    const input = arrays.get("input")!;
    const x = gpu.featureMap(input.data, input.shape);
    const { data, shape } = arrays.get("target")!;
    const target = gpu.tensor(data, shape);

    const reads: Promise<Float32Array>[] = [];
    const { value, grads } = valueAndGrad([...parameters.values(), x], () => {
      const logits = network.forward(x, { deepSupervision: true });
      for (const output of logits) {
        reads.push(output.read(), targetFor(output, target).read());
      }
      return deepSupervisionLoss(
        logits,
        target,
        (output, labels) => crossEntropyDice(output, labels, { batchDice: info.batch_dice }),
      );
    });
    const [full] = network.forward(x);

    assert.deepEqual(deepSupervisionWeights(reads.length / 2), info.deep_supervision_weights);
    for (let k = 0; k < reads.length / 2; k++) {
      note("output", relativeError(await reads[2 * k], float(`output/${k}`)), 1e-5);
      const labels = arrays.get(`target_ds/${k}`)!;
      assert.deepEqual(await reads[2 * k + 1], Float32Array.from(labels.data), `target_ds/${k}`);
    }
    assert.deepEqual(await full.read(), await reads[0], "without deep supervision");
    const [loss] = await value.read();
    note("loss", Math.abs(loss - info.loss), 1e-5);
    const withoutGradient: string[] = info.parameters_without_gradient;
    let i = 0;
    for (const parameter of [...parameters.keys(), "input"]) {
      const grad: Tensor | undefined = grads[i++];
      if (withoutGradient.includes(parameter)) {
        assert.equal(grad, undefined, parameter);
        continue;
      }
      const expected = float(parameter === "input" ? "grad_input" : `grad/${parameter}`);
      const actual = await grad!.read();
      if (isBiasBeforeNorm(parameter, info.parameter_names_in_order)) {
        note("gradient that is 0", Math.max(...actual.map(Math.abs)), 1e-6);
      } else note("gradient", relativeError(actual, expected), 1e-4, parameter);
    }
    network.dispose();
    for (const tensor of [x, target, full, value, ...grads]) tensor?.dispose();
  });
}

Deno.test({
  name: names.length
    ? "golden network: worst deviations"
    : `golden network (skipped: no ${goldenPath("network")}, set NNUNET_GOLDEN)`,
  ignore: names.length === 0,
  fn: () => {
    reportWorst("network", "output, relative", worst.output, 1e-5);
    reportWorst("network", "loss", worst.loss, 1e-5);
    reportWorst("network", "gradient, relative", worst.gradient, 1e-4);
    reportWorst("network", "gradient that is 0", worst["gradient that is 0"], 1e-6);
  },
});

function note(what: keyof typeof worst, error: number, limit: number, where = ""): void {
  worst[what] = Math.max(worst[what], error);
  assert(error <= limit, `${what} ${where} is off by ${error}, limit ${limit}`);
}
