/**
 * The method, from a dataset to labels: look at it, plan, preprocess, train, predict, evaluate. Pure
 * functions and a few classes; files reach them through a {@linkcode Store}.
 *
 * @module
 */
export * from "./errors.ts";
export type { OnProgress, Progress } from "./progress.ts";
export type { Store, StoreEntry, StoreStat } from "./store.ts";
export { MemoryStore } from "./memory_store.ts";

export { type CaseFiles, type DatasetJson, discoverCases, parseDatasetJson } from "./dataset.ts";
export { LabelManager } from "./labels.ts";
export { type Finding, verifyDatasetIntegrity } from "./integrity.ts";
export {
  determineReader,
  type ImageProperties,
  type MedicalImage,
  type ReaderName,
  readImages,
  readSeg,
  writeSeg,
} from "./imageio/mod.ts";

export { extractFingerprint, type Fingerprint, formatFingerprint } from "./fingerprint.ts";
export { planExperiment, type PlanExperimentOptions } from "./planning/plan_experiment.ts";
export {
  type Configuration,
  formatPlans,
  getConfiguration,
  parsePlans,
  type Plans,
} from "./plans.ts";
export { preprocessCase, type PreprocessedArrays } from "./preprocessing/preprocess_case.ts";
export { preprocessDataset } from "./preprocessing/preprocess_dataset.ts";
export { PreprocessedCase } from "./preprocessing/preprocessed_case.ts";
export { createSplits, selectFold, type Split } from "./splits.ts";

export { Unet, type UnetOptions } from "./network/unet.ts";
export { type FoldOptions, type OpenFold, openFold } from "./training/open_fold.ts";
export {
  type Batch,
  type BatchSource,
  type EpochSummary,
  Trainer,
  type TrainerOptions,
} from "./training/trainer.ts";
export { type TrainerSettings, trainerSettings } from "./training/trainer_settings.ts";
export { runTraining, type TrainingRunOptions } from "./training/training_run.ts";
export { validateFold } from "./training/final_validation.ts";
export { type Checkpoint, type NamedArray, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";

export { Predictor, type PredictorOptions } from "./inference/predictor.ts";
export { openTrainedModel, type TrainedModel } from "./inference/trained_model.ts";
export { predictLogits, type SlidingWindowOptions } from "./inference/predict_logits.ts";
export type { Segmentation, SegmentationWithProbabilities } from "./inference/export.ts";

export { evaluateFolder, writeSummary } from "./evaluation/evaluate_folder.ts";
export type { Summary } from "./evaluation/summary.ts";
export { progressPng } from "./pictures/progress_png.ts";
export { type SegmentationPanel, segmentationPanelPng } from "./pictures/segmentation_panel.ts";
