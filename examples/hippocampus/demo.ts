// The whole job on real scans: plan, preprocess, train, segment what was never seen, compare, look.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { main, setRuntimeFolder } from "../../cli/main.ts";
import { DenoStore } from "../../cli/deno_store.ts";
import { interruptSignal } from "../../cli/interrupt.ts";
import { print, printError } from "../../cli/print.ts";
import { progressBar } from "../../cli/progress_bar.ts";
import { type Gpu, openGpu } from "../../engine/mod.ts";
import { evaluateFolder, writeSummary } from "../../nnunet/evaluation/evaluate_folder.ts";
import { readImages, readSeg } from "../../nnunet/imageio/mod.ts";
import { segmentationPanelPng } from "../../nnunet/pictures/segmentation_panel.ts";
import { formatPlans, parsePlans, type Plans } from "../../nnunet/plans.ts";
import { type FoldOptions, openFold } from "../../nnunet/training/open_fold.ts";
import { type TrainerSettings, trainerSettings } from "../../nnunet/training/trainer_settings.ts";
import { runTraining } from "../../nnunet/training/training_run.ts";

const DATASET = "Dataset004_Hippocampus";
const RAW = import.meta.dirname!;
const OUT = "demo_results";
const FOLDERS = [
  "--raw",
  RAW,
  "--preprocessed",
  `${OUT}/preprocessed`,
  "--results",
  `${OUT}/results`,
];
const CONFIGURATION = "3d_fullres";
const PICTURES = `${OUT}/pictures`;

/** Seconds of training; the rest of the demo takes about one minute on two processor cores. */
const TRAINING_SECONDS = { software: 330, gpu: 90 };
const ITERATIONS_PER_EPOCH = 20;
const MOST_EPOCHS = 40;
/** A quarter of nnU-Net's features and small batches, for processors. */
const SLIM_FEATURES = 4;
const SLIM_BATCH = 2;

const start = performance.now();
const store = new DenoStore();

async function demo(): Promise<void> {
  const gpu = await openGpu();
  const { software, description, vendor } = gpu.info;
  print(`nnU-Net on WebGPU, on ${description || vendor}${software ? " (a software adapter)" : ""}`);
  print("");
  print("24 MRI scans with hand-drawn hippocampus (front and back part) will train a network;");
  print("6 scans it never saw will be segmented and compared with what the experts drew.");
  rmSync(OUT, { recursive: true, force: true });

  await command("1. Look at the data, plan a network for it, preprocess", [
    "plan_and_preprocess",
    ...["-d", "4", "-c", CONFIGURATION, "--verify_dataset_integrity"],
  ]);
  const plansName = software ? slimPlans() : "nnUNetPlans";

  heading("2. Train");
  const modelFolder = await train(gpu, plansName);

  await command("3. Segment the 6 scans that the network never saw", [
    "predict",
    ...["-i", join(RAW, DATASET, "imagesTs"), "-o", `${OUT}/predictions`],
    ...["-d", "4", "-c", CONFIGURATION, "-p", plansName, "-tr", "nnUNetTrainerDemo", "-f", "all"],
  ]);

  heading("4. Compare with the experts, and draw");
  const dice = await compare();
  copyCurve(`${modelFolder}/fold_all`);
  print(`Pictures: ${PICTURES}/ (scan, truth and prediction of each; curve.png is the training)`);
  print(`Numbers:  ${OUT}/predictions/summary.json`);
  print(`Model:    ${relative(".", modelFolder)}`);
  print("");
  print("Next, your own data: arrange it as docs/guide.md says, then");
  print("  deno run -A cli/main.ts plan_and_preprocess -d 1 --verify_dataset_integrity");
  print("  deno run -A cli/main.ts train 1 3d_fullres 0");
  print("");
  const seconds = Math.round((performance.now() - start) / 1000);
  const cases = listImages().length;
  print(
    `mean foreground Dice: ${dice.toFixed(3)} (${cases} scans never seen), ${seconds} s in all`,
  );
}

function heading(text: string): void {
  print("");
  print(`── ${text} ${"─".repeat(Math.max(0, 76 - text.length))}`);
}

/** Runs a command of the program, shown as a user would type it. */
async function command(title: string, args: string[]): Promise<void> {
  heading(title);
  const all = [...args, ...FOLDERS].map((arg) =>
    arg.startsWith(RAW) ? relative(".", arg) || "." : arg
  );
  print(`deno run -A cli/main.ts ${all.join(" ")}`);
  const status = await main([...args, ...FOLDERS]);
  if (status !== 0) Deno.exit(status);
}

/** nnU-Net's plan with a quarter of the features: a processor trains it in minutes. */
function slimPlans(): string {
  const folder = `${OUT}/preprocessed/${DATASET}`;
  const path = `${folder}/nnUNetPlans.json`;
  const plans: Plans = parsePlans(readFileSync(path, "utf8"), path);
  const configuration = plans.configurations[CONFIGURATION];
  configuration.batch_size = SLIM_BATCH;
  const { arch_kwargs } = configuration.architecture!;
  arch_kwargs.features_per_stage = arch_kwargs.features_per_stage.map((n) => n / SLIM_FEATURES);
  plans.plans_name = "slimPlans";
  writeFileSync(`${folder}/slimPlans.json`, formatPlans(plans));
  return plans.plans_name;
}

/** Trains on all 24 scans for as long as there is time; returns the model's folder. */
async function train(gpu: Gpu, plansName: string): Promise<string> {
  const settings: TrainerSettings = {
    ...trainerSettings("nnUNetTrainer"),
    name: "nnUNetTrainerDemo",
    iterations: ITERATIONS_PER_EPOCH,
    validationIterations: 2,
    optimizer: "adamw",
    initialLearningRate: 3e-3,
    augmentation: "light",
  };
  const options: FoldOptions = {
    preprocessedFolder: `${OUT}/preprocessed/${DATASET}`,
    resultsFolder: `${OUT}/results/${DATASET}`,
    plansName,
    configurationName: CONFIGURATION,
    fold: "all",
    settings,
    seed: 1,
  };
  print(
    gpu.info.software
      ? "Plan: nnU-Net's with a quarter of the features and batches of 2, to fit a processor."
      : "Plan: nnU-Net's own.",
  );
  print("Optimiser: AdamW at 3e-3, falling to 0 (nnU-Net's SGD would need thousands of steps).");
  print("Patches are mirrored and made noisy on the device.");
  settings.epochs = await affordableEpochs(gpu, options);
  print(`There is time for ${settings.epochs} epochs of ${settings.iterations} steps.`);

  const { trainer, modelFolder, foldFolder } = await openFold(gpu, store, options);
  const onProgress = progressBar({ closing: false });
  await runTraining(trainer, store, {
    foldFolder,
    writeLine: (line) => /^(Epoch \d|train_loss|Pseudo)/.test(line) && print(`  ${line}`),
    signal: interruptSignal("the demo starts anew the next time"),
    onIteration: ({ epoch, phase, done, total, loss }) =>
      onProgress({
        stage: `epoch ${epoch} ${phase}`,
        done,
        total,
        message: `loss ${loss.toFixed(3)}`,
      }),
  });
  trainer.dispose();
  return modelFolder;
}

/** How many epochs fit the time, measured on a network that is thrown away. */
async function affordableEpochs(gpu: Gpu, options: FoldOptions): Promise<number> {
  print("Compiling shaders and timing a few steps …");
  const settings = { ...options.settings, name: "nnUNetTrainerDemo", epochs: 2, iterations: 4 };
  const { trainer } = await openFold(gpu, store, { ...options, settings });
  await trainer.runEpoch();
  const { seconds } = await trainer.runEpoch();
  trainer.dispose();
  const { iterations, validationIterations } = options.settings;
  const perStep = seconds / (settings.iterations + validationIterations / 3);
  const perEpoch = perStep * (iterations + validationIterations / 3);
  const limit = TRAINING_SECONDS[gpu.info.software ? "software" : "gpu"];
  print(`One step takes ${(1000 * perStep).toFixed(0)} ms.`);
  return Math.max(2, Math.min(MOST_EPOCHS, Math.floor(limit / perEpoch)));
}

function listImages(): string[] {
  return readdirSync(join(RAW, DATASET, "imagesTs")).sort();
}

/** Dice of each scan and class, and a picture of each scan; returns the mean Dice. */
async function compare(): Promise<number> {
  const datasetPath = join(RAW, DATASET, "dataset.json");
  const datasetJson = JSON.parse(readFileSync(datasetPath, "utf8"));
  const truthFolder = join(RAW, DATASET, "labelsTs");
  const summary = await evaluateFolder(store, truthFolder, `${OUT}/predictions`, { datasetJson });
  await writeSummary(store, `${OUT}/predictions/summary.json`, summary);
  const names = Object.entries(datasetJson.labels as Record<string, number>);
  const labelNames = new Map(names.map(([name, label]) => [label, name]));
  const classes = names.filter(([, label]) => label > 0);

  mkdirSync(PICTURES, { recursive: true });
  print(`  ${"scan".padEnd(18)}${classes.map(([name]) => name.padStart(11)).join("")}`);
  for (const image of listImages()) {
    const file = image.replace("_0000", "");
    const identifier = file.replace(".nii.gz", "");
    const { metrics } = summary.metric_per_case.find(({ prediction_file }) =>
      prediction_file.endsWith(`/${file}`)
    )!;
    const dice = classes.map(([, label]) => metrics[label].Dice);
    print(`  ${identifier.padEnd(18)}${dice.map((d) => d.toFixed(3).padStart(11)).join("")}`);

    const scan = await readImages(store, "SimpleITKIO", [join(RAW, DATASET, "imagesTs", image)]);
    const truth = await readSeg(store, "SimpleITKIO", join(truthFolder, file));
    const prediction = await readSeg(store, "SimpleITKIO", `${OUT}/predictions/${file}`);
    const mean = dice.reduce((sum, d) => sum + d, 0) / dice.length;
    const [, ...shape] = scan.shape;
    await store.write(
      `${PICTURES}/${identifier}.png`,
      segmentationPanelPng({
        title: `${identifier}: mean Dice ${mean.toFixed(3)}`,
        scan: scan.data,
        shape,
        spacing: scan.properties.spacing,
        direction: scan.properties.sitk_stuff?.direction,
        overlays: [
          { title: "experts", labels: truth.data },
          { title: "this network", labels: prediction.data },
        ],
        labelNames,
      }),
    );
  }
  return summary.foreground_mean.Dice;
}

function copyCurve(foldFolder: string): void {
  const curve = `${foldFolder}/progress.png`;
  if (existsSync(curve)) writeFileSync(`${PICTURES}/curve.png`, readFileSync(curve));
}

setRuntimeFolder();
try {
  await demo();
  Deno.exit(0);
} catch (error) {
  printError(error instanceof Error ? error.message : String(error));
  Deno.exit(1);
}
