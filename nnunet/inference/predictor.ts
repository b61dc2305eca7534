import type { Gpu } from "../../engine/mod.ts";
import { DataError } from "../errors.ts";
import type { MedicalImage } from "../imageio/image.ts";
import { Unet } from "../network/unet.ts";
import type { Shape4 } from "../preprocessing/crop.ts";
import {
  type CaseProperties,
  preprocessCase,
  type PreprocessedArrays,
} from "../preprocessing/preprocess_case.ts";
import {
  type ExportSettings,
  probabilitiesFromLogits,
  type Segmentation,
  segmentationFromLogits,
  type SegmentationWithProbabilities,
} from "./export.ts";
import { predictLogits, type SlidingWindowOptions } from "./predict_logits.ts";
import { type OpenModelOptions, openTrainedModel, type TrainedModel } from "./trained_model.ts";
import type { Store } from "../store.ts";

/** How a {@linkcode Predictor} goes over a volume. */
export interface PredictorOptions {
  /** Step between windows as a share of the patch. @default {0.5} */
  tileStepSize?: number;
  /** Predict mirrored windows too and average. @default {true} */
  mirroring?: boolean;
  /** Weight the centre of a window higher than its border. @default {true} */
  useGaussian?: boolean;
}

/** Progress and interruption of one prediction. */
export type PredictionHooks = Pick<SlidingWindowOptions, "onWindow" | "signal">;

/** Of a preprocessed case, what leads back to its image. */
export type PreprocessedGrid = Pick<PreprocessedArrays, "shape" | "properties">;

/** A trained model on a device, ready to segment. {@linkcode Predictor.dispose} frees its weights. */
export class Predictor {
  readonly #gpu: Gpu;
  readonly #networks: Unet[];
  readonly #options: Required<PredictorOptions>;

  /**
   * @throws {DataError} if weights do not fit the plans, or the model is a cascade's second stage
   */
  constructor(gpu: Gpu, readonly model: TrainedModel, options: PredictorOptions = {}) {
    const { configuration, configurationName, labels, folds } = model;
    if (configuration.previous_stage) {
      throw new DataError(
        `Cannot predict with ${configurationName}: it needs the predictions of ` +
          `${configuration.previous_stage}, which is not supported yet, use another configuration`,
      );
    }
    this.#gpu = gpu;
    this.#options = { tileStepSize: 0.5, mirroring: true, useGaussian: true, ...options };
    this.#networks = folds.map((weights) => {
      const network = new Unet(gpu, configuration.architecture, {
        inputChannels: configuration.normalization_schemes.length,
        outputChannels: labels.numSegmentationHeads,
      });
      network.load(weights);
      return network;
    });
  }

  /** Reads a model folder, see {@linkcode openTrainedModel}, and loads it. */
  static async open(
    gpu: Gpu,
    store: Store,
    folder: string,
    options: OpenModelOptions & PredictorOptions = {},
  ): Promise<Predictor> {
    return new Predictor(gpu, await openTrainedModel(store, folder, options), options);
  }

  /**
   * Segments an image as its reader returned it, in its own geometry.
   *
   * @throws {DataError} if its channels do not fit the model
   */
  async predict(image: MedicalImage, hooks: PredictionHooks = {}): Promise<
    Segmentation & { properties: CaseProperties }
  > {
    const preprocessed = this.#preprocess(image);
    const logits = await this.logits(preprocessed.data, preprocessed.shape, hooks);
    const { properties } = preprocessed;
    return { ...this.segmentation(logits, preprocessed), properties };
  }

  /** Like {@linkcode Predictor.predict}, with the probability of each class or region. */
  async predictProbabilities(image: MedicalImage, hooks: PredictionHooks = {}): Promise<
    SegmentationWithProbabilities & { properties: CaseProperties }
  > {
    const preprocessed = this.#preprocess(image);
    const logits = await this.logits(preprocessed.data, preprocessed.shape, hooks);
    const { properties } = preprocessed;
    return { ...this.probabilities(logits, preprocessed), properties };
  }

  #preprocess(image: MedicalImage): PreprocessedArrays {
    const { plans, configuration, datasetJson } = this.model;
    return preprocessCase(image, undefined, plans, configuration, datasetJson);
  }

  /** The label map of a preprocessed case's logits, in the geometry of its image. */
  segmentation(logits: Float32Array, { shape, properties }: PreprocessedGrid): Segmentation {
    return segmentationFromLogits(logits, this.#headed(shape), properties, this.#exportSettings);
  }

  /** Like {@linkcode Predictor.segmentation}, with the probability of each class or region. */
  probabilities(
    logits: Float32Array,
    { shape, properties }: PreprocessedGrid,
  ): SegmentationWithProbabilities {
    return probabilitiesFromLogits(logits, this.#headed(shape), properties, this.#exportSettings);
  }

  #headed([, ...extents]: Shape4): Shape4 {
    return [this.model.labels.numSegmentationHeads, ...extents];
  }

  /** Logits `[heads, z, y, x]` of a preprocessed case `[C, z, y, x]`, the mean over the folds. */
  logits(
    data: Float32Array,
    shape: readonly number[],
    hooks: PredictionHooks = {},
  ): Promise<Float32Array> {
    const { configuration, labels, mirrorAxes } = this.model;
    const { mirroring, tileStepSize, useGaussian } = this.#options;
    return predictLogits(this.#gpu, this.#networks, data, shape, {
      patchSize: configuration.patch_size,
      heads: labels.numSegmentationHeads,
      mirrorAxes: mirroring ? mirrorAxes : [],
      tileStepSize,
      useGaussian,
      // What training held in memory, with gradients, prediction can hold for sure.
      batchSize: configuration.batch_size,
      ...hooks,
    });
  }

  get #exportSettings(): ExportSettings {
    const { labels, configuration, plans } = this.model;
    return {
      labels,
      spacing: configuration.spacing,
      transposeForward: plans.transpose_forward,
      transposeBackward: plans.transpose_backward,
      resamplingFunction: configuration.resampling_fn_probabilities,
      resampling: configuration.resampling_fn_probabilities_kwargs,
    };
  }

  dispose(): void {
    for (const network of this.#networks) network.dispose();
  }
}
