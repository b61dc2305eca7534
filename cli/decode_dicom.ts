import { basename, resolve } from "node:path";
import type { DecodeSlices } from "../nnunet/dicom/series.ts";
import { DataError } from "../nnunet/errors.ts";
import type { Voxels } from "../nnunet/imageio/voxels.ts";

/** Decodes with ITK, compiled to WebAssembly; the library is loaded at the first call. */
export const decodeDicom: DecodeSlices = async (paths) => {
  const { readImageDicomFileSeriesNode } = await import("@itk-wasm/dicom");
  const files = paths.map((path) => resolve(path));
  const { exitCode } = Deno;
  let decoded;
  try {
    decoded = await readImageDicomFileSeriesNode({ inputImages: files });
  } catch (error) {
    // The library sets it to 1, which is for the command to decide.
    Deno.exitCode = exitCode;
    // Errors of the WebAssembly come as numbers, which say nothing.
    const reason = error instanceof Error ? ` (${error.message.trim().split("\n")[0]})` : "";
    throw new DataError(
      `Cannot decode "${paths[0]}" and ${paths.length - 1} slices more: one is damaged or ` +
        `compressed in a way that ITK does not know${reason}, ` +
        `export the series again or convert it to .nii.gz with another program`,
      { cause: error },
    );
  }
  const { outputImage, sortedFilenames } = decoded;
  // It sorts by itself; another order than ours would be a volume upside down.
  const order = (sortedFilenames as string[]).map((path) => basename(path));
  if (files.some((file, i) => order[i] !== basename(file))) {
    throw new DataError(
      `Cannot decode "${paths[0]}": ITK orders the slices of this series otherwise, ` +
        `convert it to .nii.gz with another program`,
    );
  }
  return outputImage.data as Voxels;
};
