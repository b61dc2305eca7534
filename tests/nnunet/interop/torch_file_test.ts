import assert from "node:assert/strict";
import { DataError } from "../../../nnunet/errors.ts";
import { readTorchCheckpoint } from "../../../nnunet/interop/torch_checkpoint.ts";
import { readTorchFile, TorchTensor } from "../../../nnunet/interop/torch_file.ts";
import { MemoryStore } from "../../../nnunet/memory_store.ts";
import { writeStoredZip } from "../../../nnunet/zip_writer.ts";

/** Pieces of a pickle of protocol 2, put together by hand as `torch.save` does. */
const bytes = (...codes: number[]) => String.fromCharCode(...codes);
const text = (value: string) => `X${bytes(value.length, 0, 0, 0)}${value}`;
const integer = (n: number) => `J${bytes(n & 255, n >> 8 & 255, n >> 16 & 255, n >> 24 & 255)}`;
const tuple = (...items: string[]) => `(${items.join("")}t`;
const dictionary = (entries: Record<string, string>) =>
  `}(${Object.entries(entries).map(([key, value]) => text(key) + value).join("")}u`;

interface TensorOptions {
  shape?: number[];
  strides?: number[];
  offset?: number;
  count?: number;
}

function tensor({ shape = [2, 3], strides = [3, 1], offset = 0, count = 6 }: TensorOptions = {}) {
  const storage = tuple(
    text("storage"),
    "ctorch\nFloatStorage\n",
    text("0"),
    text("cpu"),
    integer(count),
  );
  const hooks = "ccollections\nOrderedDict\n)R";
  return "ctorch._utils\n_rebuild_tensor_v2\n" + tuple(
    `${storage}Q`,
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    bytes(0x89),
    hooks,
  ) + "R";
}

/** A store with the PyTorch file `a.pth` of this content and one storage 0, 1, …, 5. */
async function torchFile(content: string): Promise<MemoryStore> {
  const pickle = Uint8Array.from(bytes(0x80, 2) + content + ".", (c) => c.charCodeAt(0));
  const storage = new Uint8Array(Float32Array.of(0, 1, 2, 3, 4, 5).buffer);
  const store = new MemoryStore();
  await store.write(
    "a.pth",
    writeStoredZip([
      { name: "archive/data.pkl", parts: [pickle] },
      { name: "archive/data/0", parts: [storage] },
    ]),
  );
  return store;
}

async function readOne(options?: TensorOptions): Promise<number[]> {
  const read = await readTorchFile(await torchFile(tensor(options)), "a.pth");
  return [...(read as TorchTensor).data as Float32Array];
}

Deno.test("readTorchFile() follows offset and strides", async () => {
  assert.deepEqual(await readOne(), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(await readOne({ shape: [3, 2], strides: [1, 3] }), [0, 3, 1, 4, 2, 5]);
  assert.deepEqual(await readOne({ shape: [2], strides: [2], offset: 3 }), [3, 5]);
  assert.deepEqual(await readOne({ shape: [2, 2], strides: [1, 0] }), [0, 0, 1, 1]);
  assert.deepEqual(await readOne({ shape: [], strides: [], offset: 5 }), [5]);
  assert.deepEqual(await readOne({ shape: [0, 3], strides: [3, 1] }), []);
});

Deno.test("readTorchFile() lets aliases share their numbers", async () => {
  const store = await torchFile(dictionary({ a: tensor(), b: tensor() }));
  const read = await readTorchFile(store, "a.pth") as Map<string, TorchTensor>;
  assert.equal(read.get("a")!.data.buffer, read.get("b")!.data.buffer);
});

Deno.test("readTorchFile() refuses tensors beyond their storage, before making them", async () => {
  const options: TensorOptions[] = [
    { offset: 1 },
    { offset: -1 },
    { strides: [4, 1] },
    { strides: [-3, 1] },
    { shape: [2], strides: [3, 1] },
    { shape: [-2, 3] },
    { count: 7 },
    { count: 5 },
    { shape: [1 << 30], strides: [0] },
  ];
  for (const option of options) {
    await assert.rejects(readOne(option), DataError, JSON.stringify(option));
  }
});

Deno.test("readTorchFile() refuses whatever is not on its list", async () => {
  for (
    const content of ["cos\nsystem\n(X\x02\x00\x00\x00lstR", "ctorch\nload\n", "c__proto__\nx\n"]
  ) {
    await assert.rejects(readTorchFile(await torchFile(content), "a.pth"), /"a.pth".*not allowed/);
  }
});

const INIT_ARGS = dictionary({ configuration: text("2d"), fold: integer(0) });

Deno.test("readTorchCheckpoint() keeps canonical names and gives the momentum theirs", async () => {
  const weights = dictionary({
    "encoder.conv.weight": tensor(),
    "encoder.all_modules.0.weight": tensor(),
    "decoder.encoder.conv.weight": tensor(),
    "decoder.seg_layers.0.weight": tensor({ shape: [6], strides: [1] }),
  });
  const momentum = dictionary({ momentum_buffer: tensor({ shape: [6], strides: [1] }) });
  const store = await torchFile(dictionary({
    network_weights: weights,
    optimizer_state: dictionary({ state: `}(${integer(1)}${momentum}u` }),
    init_args: INIT_ARGS,
    trainer_name: text("nnUNetTrainer"),
    inference_allowed_mirroring_axes: tuple(integer(0), integer(2)),
    current_epoch: integer(7),
  }));
  const checkpoint = await readTorchCheckpoint(store, "a.pth");
  assert.deepEqual([...checkpoint.weights.keys()], [
    "encoder.conv.weight",
    "decoder.seg_layers.0.weight",
  ]);
  assert.deepEqual([...checkpoint.momentum.keys()], ["decoder.seg_layers.0.weight"]);
  assert.deepEqual(checkpoint.mirrorAxes, [0, 2]);
  assert.equal(checkpoint.configuration, "2d");
  assert.equal(checkpoint.currentEpoch, 7);
  assert.deepEqual(checkpoint.metadata.init_args, { configuration: "2d", fold: 0 });
});

Deno.test("readTorchCheckpoint() says what a checkpoint lacks", async () => {
  const entries = {
    network_weights: dictionary({ a: tensor() }),
    trainer_name: text("nnUNetTrainer"),
    init_args: INIT_ARGS,
  };
  for (const key of Object.keys(entries)) {
    const rest = Object.fromEntries(Object.entries(entries).filter(([name]) => name !== key));
    const store = await torchFile(dictionary(rest));
    await assert.rejects(
      readTorchCheckpoint(store, "a.pth"),
      new RegExp(`"a.pth": it has no "${key}`),
    );
  }
  const complete = await readTorchCheckpoint(await torchFile(dictionary(entries)), "a.pth");
  assert.equal(complete.mirrorAxes, undefined);
  assert.equal(complete.momentum.size, 0);
});
