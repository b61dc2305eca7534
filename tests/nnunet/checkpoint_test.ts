import assert from "node:assert/strict";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../nnunet/checkpoint.ts";
import { MemoryStore } from "../../nnunet/memory_store.ts";
import { emptyLog } from "../../nnunet/training/training_log.ts";

const checkpoint: Checkpoint = {
  weights: new Map([["a.weight", { shape: [2, 1], data: new Float32Array([1, -2]) }]]),
  optimizer: new Map([["momentum_buffer.a.weight", {
    shape: [2, 1],
    data: new Float32Array([0.5, 0.25]),
  }]]),
  training: {
    trainer_name: "nnUNetTrainer",
    configuration: "2d",
    fold: 0,
    current_epoch: 1,
    steps: 250,
    seed: 7,
    logging: { ...emptyLog(), dice_per_class_or_region: [[0.5, NaN]], lrs: [0.01] },
    _best_ema: null,
    inference_allowed_mirroring_axes: [0, 1],
  },
};

Deno.test("a checkpoint reads back as it was written", async () => {
  const store = new MemoryStore();
  await writeCheckpoint(store, "fold_0/checkpoint_latest.safetensors", checkpoint);
  const read = await readCheckpoint(store, "fold_0/checkpoint_latest.safetensors");
  assert.deepEqual(read, checkpoint);
});

Deno.test("a damaged checkpoint is refused by name", async () => {
  const store = new MemoryStore();
  await writeCheckpoint(store, "c.safetensors", checkpoint);
  const bytes = await store.read("c.safetensors");
  await store.write("c.safetensors", bytes.subarray(0, bytes.length - 3));
  await assert.rejects(readCheckpoint(store, "c.safetensors"), /Cannot read "c.safetensors"/);
});
