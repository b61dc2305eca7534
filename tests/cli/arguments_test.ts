import assert from "node:assert/strict";
import { commandParser, parseArguments } from "../../cli/command.ts";
import { command as predict, type PredictArguments } from "../../cli/predict.ts";
import { checkTrainArguments, command as train, type TrainArguments } from "../../cli/train.ts";
import { DataError } from "../../nnunet/errors.ts";

function parseTrain(line: string): TrainArguments {
  return parseArguments(commandParser("train", "", train), line.split(" ")) as TrainArguments;
}

function parsePredict(line: string): PredictArguments {
  return parseArguments(commandParser("predict", "", predict), line.split(" ")) as PredictArguments;
}

Deno.test("train reads nnU-Net's own lines", () => {
  const plain = parseTrain("4 3d_fullres 0");
  assert.deepEqual(
    [plain.dataset_name_or_id, plain.configuration, plain.fold, plain.tr, plain.p],
    ["4", "3d_fullres", 0, "nnUNetTrainer", "nnUNetPlans"],
  );
  assert.deepEqual([plain.c, plain.val, plain.npz, plain.val_best], [false, false, false, false]);
  const full = parseTrain("Dataset004_X 2d all -tr nnUNetTrainer_5epochs -p myPlans --npz --c");
  assert.deepEqual(
    [full.fold, full.tr, full.p, full.npz, full.c, full.val],
    ["all", "nnUNetTrainer_5epochs", "myPlans", true, true, false],
  );
});

Deno.test("options may stand before, between and after the positional arguments", () => {
  for (const line of ["-tr T 4 2d 1", "4 -tr T 2d 1", "4 2d 1 -tr T", "4 2d 1 -tr=T"]) {
    assert.deepEqual([parseTrain(line).tr, parseTrain(line).fold], ["T", 1]);
  }
});

Deno.test("one dash or two, and v1's -c: the flag is understood", () => {
  for (const flag of ["--c", "-c"]) assert.equal(parseTrain(`4 2d 0 ${flag}`).c, true);
  for (const flag of ["--npz", "-npz"]) assert.equal(parseTrain(`4 2d 0 ${flag}`).npz, true);
  for (const flag of ["--val", "-val"]) {
    const { val, val_best } = parseTrain(`4 2d 0 ${flag}`);
    assert.deepEqual([val, val_best], [true, false]);
  }
  assert.equal(parseTrain("4 2d 0 --tr T").tr, "T");
  assert.equal(parseTrain("4 2d 0 --p myPlans").p, "myPlans");
  assert.equal(parseTrain("4 2d 0 --pretrained_weights w.pth").pretrained_weights, "w.pth");
});

Deno.test("predict: -c is the configuration, --c continues, -f takes a list", () => {
  const base = "-i in -o out -d 4";
  const args = parsePredict(`${base} -c 3d_fullres -f 0 1 all -chk checkpoint_best.pth --c`);
  assert.equal(args.c, "3d_fullres");
  assert.equal(args.continue_prediction, true);
  assert.deepEqual(args.f, [0, 1, "all"]);
  assert.equal(args.chk, "checkpoint_best.pth");
  assert.deepEqual(parsePredict(`${base} -c 2d`).f, [0, 1, 2, 3, 4]);
  assert.equal(parsePredict(`-f 3 ${base} -c 2d -continue_prediction`).continue_prediction, true);
});

Deno.test("predict: abbreviations and one-dash words are read as Python's argparse does", () => {
  const base = "-i in -o out -d 4 -c 2d";
  assert.equal(parsePredict(`${base} --save_prob`).save_probabilities, true);
  assert.equal(parsePredict(`${base} -step_size 0.25`).step_size, 0.25);
  assert.equal(parsePredict(`${base} --step_size 0.25`).step_size, 0.25);
  assert.equal(parsePredict(`${base} -npp 0 -nps 1 -f 0`).f[0], 0);
  assert.equal(parsePredict(`${base} -disable_tta`).disable_tta, true);
  assert.equal(parsePredict(`${base} -device cuda`).device, "cuda");
});

Deno.test("train refuses flags that exclude one another", () => {
  for (
    const line of [
      "4 2d 0 --val --c",
      "4 2d 0 --val_best --disable_checkpointing",
      "4 2d 0 -pretrained_weights w.pth --c",
    ]
  ) {
    assert.throws(() => checkTrainArguments(parseTrain(line)), DataError);
  }
  checkTrainArguments(parseTrain("4 2d 0 --val --npz"));
});
