// Mistakes that users of nnU-Net are known to make, and what plan_and_preprocess says to each.
import assert from "node:assert/strict";
import { join } from "node:path";
import { encode } from "fast-png";

const ROOT = join(import.meta.dirname!, "../..");
const DESCRIPTION = {
  channel_names: { 0: "EM" },
  labels: { background: 0, cell: 1 },
  numTraining: 2,
  file_ending: ".png",
};

function png(values: number[], channels = 1): Uint8Array {
  const data = Uint8Array.from(values);
  return encode({ width: 4, height: data.length / 4 / channels, data, channels, depth: 8 });
}

const IMAGE = png(Array.from({ length: 16 }, (_, i) => i + 1));
const MASK = png(Array.from({ length: 16 }, (_, i) => i % 2));

/** Files of a good dataset; `changes` replace some, `undefined` takes one away. */
type Changes = Record<string, Uint8Array | string | undefined>;

async function messageFor(
  changes: Changes,
  { flags = [], variables = {} }: { flags?: string[]; variables?: Record<string, string> } = {},
): Promise<string> {
  const root = await Deno.makeTempDir();
  const folder = join(root, "raw", "Dataset005_X");
  const files: Changes = {
    "dataset.json": JSON.stringify(DESCRIPTION),
    "imagesTr/a_0000.png": IMAGE,
    "imagesTr/b_0000.png": IMAGE,
    "labelsTr/a.png": MASK,
    "labelsTr/b.png": MASK,
    ...changes,
  };
  for (const name of ["imagesTr", "labelsTr"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === "string") await Deno.writeTextFile(join(folder, name), content);
    else if (content) await Deno.writeFile(join(folder, name), content);
  }
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "cli/main.ts", "plan_and_preprocess", "--no_pbar"]
      .concat(flags.includes("-d") ? flags : ["-d", "5", ...flags]),
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      nnUNet_raw: join(root, "raw"),
      nnUNet_preprocessed: join(root, "preprocessed"),
      nnUNet_results: "",
      ...variables,
    },
  }).output();
  const message = new TextDecoder().decode(stderr).trimEnd().replaceAll(root, "<root>");
  assert.equal(code, 1, message);
  await Deno.remove(root, { recursive: true });
  return message;
}

const VERIFY = { flags: ["--verify_dataset_integrity"] };

const rgb = Array.from({ length: 48 }, (_, i) => i);
const describe = (changes: Partial<Record<string, unknown>>) => ({
  "dataset.json": JSON.stringify({ ...DESCRIPTION, ...changes }),
});
const WHITE = png(Array.from({ length: 16 }, (_, i) => i % 2 * 255));
const RAW = "<root>/raw/Dataset005_X";

// With `verify`, as the tutorials say; without, the message comes from the step that fails.
const MISTAKES: [string, string, () => Promise<string>][] = [
  [
    "P12: variable not set",
    'Cannot find the raw datasets: nnUNet_raw is not set, run "export ' +
    'nnUNet_raw=/path/to/a/folder" or add "--raw /path/to/a/folder"',
    () => messageFor({}, { variables: { nnUNet_raw: "" } }),
  ],
  [
    "P13: id not found",
    "Cannot find dataset 7: no folder under raw, preprocessed or results begins with " +
    '"Dataset007", check the id and these three paths',
    () => messageFor({}, { flags: ["-d", "7"] }),
  ],
  [
    "P13: comma too many in dataset.json",
    `Cannot read "${RAW}/dataset.json": a key in double quotes expected at line 1, column 101, ` +
    "correct the JSON there",
    () => messageFor({ "dataset.json": JSON.stringify(DESCRIPTION).replace('".png"', '".png",') }),
  ],
  [
    "P13: image without _0000",
    'Cannot use dataset "Dataset005_X": images lack the channel number (CASE_0000.png), ' +
    '"dataset check -d Dataset005_X --fix" renames them',
    () => messageFor({ "imagesTr/b_0000.png": undefined, "imagesTr/b.png": IMAGE }),
  ],
  [
    "P13: label map with _0000",
    `Cannot read "${RAW}/labelsTr/b.png": there is no such file, check the path`,
    () => messageFor({ "labelsTr/b.png": undefined, "labelsTr/b_0000.png": MASK }),
  ],
  [
    "P13: label map with _0000, verified",
    `"${RAW}/labelsTr/b.png" is missing: add it, or remove the images of this case`,
    () => messageFor({ "labelsTr/b.png": undefined, "labelsTr/b_0000.png": MASK }, VERIFY),
  ],
  [
    "P13: wrong numTraining, verified",
    "dataset.json has numTraining 3, found: 2 (a, b): correct numTraining, the files, or " +
    'file_ending ".png"',
    () => messageFor(describe({ numTraining: 3 }), VERIFY),
  ],
  [
    "P13: channel names turned round",
    `Cannot use "${RAW}/dataset.json": "channel_names.EM": expected the name of a channel, correct ` +
    "it there",
    () => messageFor(describe({ channel_names: { EM: 0 } })),
  ],
  [
    "P14: shapes differ",
    'Cannot extract the fingerprint of "b": its image is 1 x 4 x 4, its segmentation 1 x 1 x 4, ' +
    "make them equal",
    () => messageFor({ "labelsTr/b.png": png([1, 0, 1, 0]) }),
  ],
  [
    "P14: shapes differ, verified",
    `"${RAW}/labelsTr/b.png" has shape [1, 1, 4], "${RAW}/imagesTr/b_0000.png" has [1, 4, 4]: ` +
    "resample the label map to the grid of the image",
    () => messageFor({ "labelsTr/b.png": png([1, 0, 1, 0]) }, VERIFY),
  ],
  [
    "P16: label 255",
    `Cannot use "${RAW}/labelsTr/b.png": it holds the value 255 (8 voxels), which dataset.json does ` +
    "not name (0, 1), name it there under labels or correct the file",
    () => messageFor({ "labelsTr/b.png": WHITE }),
  ],
  [
    "P16: label 255, verified",
    `"${RAW}/labelsTr/b.png" holds 255, but dataset.json names only 0, 1: correct the label map or ` +
    "add the labels",
    () => messageFor({ "labelsTr/b.png": WHITE }, VERIFY),
  ],
  [
    "P16: labels with a gap, verified",
    "dataset.json has the label 255 but not 1: labels must be consecutive, change the label maps " +
    "and dataset.json",
    () => messageFor(describe({ labels: { background: 0, cell: 255 } }), VERIFY),
  ],
  [
    "P17: grey and coloured images",
    'Cannot extract the fingerprint: case "a" has 1 channels, "b" 3, make them equal',
    () => messageFor({ "imagesTr/b_0000.png": png(rgb, 3) }),
  ],
  [
    "P17: grey and coloured images, verified",
    `case "b" has 3 of 1 channels: dataset.json names EM, there is "${RAW}/imagesTr/b_0000.png"; ` +
    "add or remove files, or correct channel_names",
    () => messageFor({ "imagesTr/b_0000.png": png(rgb, 3) }, VERIFY),
  ],
  [
    "P17: label map in colours",
    `Cannot use "${RAW}/labelsTr/b.png": a label map has one value a voxel, this one 3 (colours), ` +
    '"prepare" makes numbers of colours',
    () => messageFor({ "labelsTr/b.png": png(rgb, 3) }),
  ],
];

for (const [name, message, run] of MISTAKES) {
  Deno.test(name, async () => assert.equal(await run(), message));
}
