import assert from "node:assert/strict";
import { join } from "node:path";
import { foldersFrom } from "../../cli/folders.ts";
import { translateV1 } from "../../cli/v1_commands.ts";
import { convertV1Tasks } from "../../cli/v1_tasks.ts";

const translate = (line: string) => {
  const [word, ...argv] = line.split(" ");
  const call = translateV1(word, argv);
  return call && [call.word, ...call.argv].join(" ");
};

// Left: calls from v1's tutorials and manuals. Right: spec 08, section 5.
const CALLS: [string, string][] = [
  [
    "nnUNet_plan_and_preprocess -t 1 --verify_dataset_integrity",
    "plan_and_preprocess -d 1 --verify_dataset_integrity",
  ],
  [
    "nnUNet_plan_and_preprocess -t 004 5 -pl2d None -tl 8 -tf 8",
    "plan_and_preprocess -d 4 5 -c 3d_fullres 3d_lowres",
  ],
  ["nnUNet_train 3d_fullres nnUNetTrainerV2 1 0 --npz", "train 1 3d_fullres 0 --npz"],
  ["nnUNet_train 2d nnUNetTrainerV2 Task001_Brain 3 --npz -c", "train 1 2d 3 --npz --c"],
  [
    "nnUNet_train 3d_cascade_fullres nnUNetTrainerV2CascadeFullRes 1 all -val --valbest",
    "train 1 3d_cascade_fullres all --val --val_best",
  ],
  [
    "nnUNet_train 3d_fullres nnUNetTrainerV2_noMirroring 1 0 -p nnUNetPlansv2.1 --fp32",
    "train 1 3d_fullres 0 -tr nnUNetTrainerV2_noMirroring",
  ],
  [
    "nnUNet_predict -i in -o out -t 1 -tr nnUNetTrainerV2 -m 2d -f 0 --num_threads_preprocessing 1",
    "predict -i in -o out -d 1 -c 2d -f 0 -npp 1",
  ],
  [
    "nnUNet_predict -i in -o out -t Task004_X -m 3d_fullres -z -chk model_best --mode fast",
    "predict -i in -o out -d 4 -c 3d_fullres --save_probabilities -chk checkpoint_best.pth",
  ],
  [
    "nnUNet_convert_decathlon_task -i Task04_Hippocampus -p 8 -output_task_id 7",
    "convert_MSD_dataset -i Task04_Hippocampus -np 8 -overwrite_id 7",
  ],
  [
    "nnUNet_find_best_configuration -m 2d 3d_fullres -t 1 --strict",
    "find_best_configuration 1 -c 2d 3d_fullres",
  ],
  ["nnUNet_ensemble -f a b -o c -pp p.json", "ensemble -i a b -o c"],
];

for (const [v1, ours] of CALLS) {
  Deno.test(`${v1} is understood`, () => assert.equal(translate(v1), ours));
}

Deno.test("v2's arguments behind v1's names are left alone", () => {
  assert.equal(translate("nnUNet_train 1 3d_fullres 0"), undefined);
  assert.equal(translate("nnUNet_plan_and_preprocess -d 1"), undefined);
  assert.equal(translate("nnUNetv2_train 3d_fullres nnUNetTrainerV2 1 0"), undefined);
});

Deno.test("one line says what is run instead and what has no meaning any more", () => {
  const argv = ["2d", "nnUNetTrainerV2", "1", "0", "--fp32"];
  assert.equal(
    translateV1("nnUNet_train", argv)?.notice,
    "nnUNet_train is nnU-Net v1's, running: train 1 2d 0 (leaving out --fp32)",
  );
});

Deno.test("a task that is there in v1's format only is converted first", async () => {
  const root = await Deno.makeTempDir();
  const task = join(root, "nnUNet_raw_data", "Task001_Brain");
  for (const folder of ["imagesTr", "labelsTr"]) {
    await Deno.mkdir(join(task, folder), { recursive: true });
    await Deno.writeTextFile(join(task, folder, "a.nii.gz"), folder);
  }
  const json = {
    tensorImageSize: "4D",
    modality: { 0: "MRI" },
    labels: { 0: "Non Brain", 1: "Brain " },
    numTraining: 1,
    numTest: 0,
    training: [],
    test: [],
  };
  await Deno.writeTextFile(join(task, "dataset.json"), JSON.stringify(json));
  const variables: Record<string, string> = { nnUNet_raw_data_base: root };
  const folders = foldersFrom({}, (name) => variables[name], () => {});
  await convertV1Tasks(folders, [1]);
  // The second time there is nothing to do.
  await convertV1Tasks(folders, [1]);
  const made = join(root, "nnUNet_raw_data", "Dataset001_Brain");
  assert.equal(await Deno.readTextFile(join(made, "imagesTr/a_0000.nii.gz")), "imagesTr");
  const { labels } = JSON.parse(await Deno.readTextFile(join(made, "dataset.json")));
  assert.deepEqual(labels, { background: 0, Brain: 1 });
  await Deno.remove(root, { recursive: true });
});
