import type { Gpu } from "../../engine/mod.ts";
import { evaluateFolder, writeSummary } from "../evaluation/evaluate_folder.ts";
import type { Summary } from "../evaluation/summary.ts";
import type { ReaderName } from "../imageio/mod.ts";
import { Predictor } from "../inference/predictor.ts";
import type { TrainedModel } from "../inference/trained_model.ts";
import { writePrediction } from "../inference/write_prediction.ts";
import { PreprocessedCase } from "../preprocessing/preprocessed_case.ts";
import type { OnProgress } from "../progress.ts";
import { formatFloat } from "../python_json.ts";
import type { Store } from "../store.ts";
import type { WriteLine } from "./training_run.ts";

/** Options for {@linkcode validateFold}. */
export interface FinalValidationOptions {
  /** The trained fold. */
  model: TrainedModel;
  /** Identifiers of the validation cases. */
  cases: readonly string[];
  /** Of the preprocessed configuration. */
  caseFolder: string;
  /** True label maps in the geometry of the images, `gt_segmentations`. */
  referenceFolder: string;
  /** Where predictions and `summary.json` go: `fold_0/validation`. */
  outputFolder: string;
  /** Write probabilities beside the label maps, for ensembles. @default {false} */
  saveProbabilities?: boolean;
  writeLine: WriteLine;
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/**
 * Segments the fold's validation cases whole and compares them with the truth (nnU-Net's
 * `perform_actual_validation`, spec 05/9). Images come from the preprocessed folder.
 */
export async function validateFold(
  gpu: Gpu,
  store: Store,
  options: FinalValidationOptions,
): Promise<Summary> {
  const { model, cases, outputFolder, writeLine, onProgress, signal } = options;
  const { datasetJson, plans } = model;
  const { file_ending: fileEnding } = datasetJson;
  const reader = plans.image_reader_writer as ReaderName;
  const predictor = new Predictor(gpu, model);
  try {
    for (const [done, identifier] of cases.entries()) {
      writeLine(`predicting ${identifier}`);
      onProgress?.({ stage: "validate", done, total: cases.length, message: identifier });
      const preprocessed = await PreprocessedCase.open(store, options.caseFolder, identifier);
      const arrays = await preprocessed.read();
      const logits = await predictor.logits(arrays.data, arrays.shape, { signal });
      const segmentation = options.saveProbabilities
        ? predictor.probabilities(logits, arrays)
        : predictor.segmentation(logits, arrays);
      const file = { path: `${outputFolder}/${identifier}`, fileEnding, reader };
      await writePrediction(store, file, segmentation, arrays.properties);
    }
    onProgress?.({ stage: "validate", done: cases.length, total: cases.length });
  } finally {
    predictor.dispose();
  }
  const summary = await evaluateFolder(store, options.referenceFolder, outputFolder, {
    datasetJson,
    chill: true,
  });
  await writeSummary(store, `${outputFolder}/summary.json`, summary);
  writeLine("Validation complete");
  writeLine(`Mean Validation Dice:  ${formatFloat(summary.foreground_mean.Dice)}`);
  return summary;
}
