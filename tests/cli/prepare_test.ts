import assert from "node:assert/strict";
import { labelArgument, nameThings } from "../../cli/prepare.ts";

const SOURCE = { channels: 1, values: [{ value: 0, voxels: 9 }, { value: 255, voxels: 7 }] };

Deno.test("--labels takes numbers and colours", () => {
  assert.deepEqual(labelArgument("cell=255"), ["cell", 255]);
  assert.deepEqual(labelArgument("a = b=#FF0000"), ["a = b", "#ff0000"]);
  assert.throws(() => labelArgument("cell"), /"cell" is not NAME=VALUE, give e.g. cell=255/);
});

Deno.test("without a terminal, the flags that are missing are in the message", () => {
  assert.throws(() => nameThings(SOURCE, {}, undefined), {
    name: "DataError",
    message:
      "Cannot name channels and labels: the images have 1 channels, the label maps hold 0, " +
      "255, add e.g. --channels image --labels background=0 label_255=255",
  });
  const colours = { channels: 3, values: [{ value: "#ff0000", voxels: 1 }] };
  assert.throws(() => nameThings(colours, { channels: ["R", "G", "B"] }, undefined), {
    message: "Cannot name channels and labels: the images have 3 channels, the label maps hold " +
      "#ff0000, add e.g. --labels background=#000000 label_ff0000=#ff0000",
  });
});

Deno.test("on a terminal names are asked for, Enter takes the proposal", () => {
  const asked: string[] = [];
  const ask = (question: string, proposal: string) => {
    asked.push(question);
    return question.includes("255") ? "cell" : proposal;
  };
  assert.deepEqual(nameThings(SOURCE, {}, ask), {
    channelNames: ["image"],
    labels: { background: 0, cell: 255 },
  });
  assert.deepEqual(asked, ["What does channel 0 show (e.g. CT)?", "What is 0?", "What is 255?"]);
});
