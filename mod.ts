/**
 * nnU-Net on WebGPU: medical image segmentation that configures itself, and the tensor and autograd
 * engine it runs on. The same module serves the command line, a page and an edge service.
 *
 * ```ts
 * import { openGpu, Predictor, readImages } from "./mod.ts";
 *
 * const predictor = await Predictor.open(await openGpu(), store, "nnUNetTrainer__nnUNetPlans__3d_fullres");
 * const image = await readImages(store, "SimpleITKIO", ["case_0000.nii.gz"]);
 * const { labels, shape } = await predictor.predict(image);
 * ```
 *
 * @module
 */
export * from "./engine/mod.ts";
export * from "./nnunet/mod.ts";
