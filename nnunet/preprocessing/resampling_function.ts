import { DataError } from "../errors.ts";
import type { Configuration, ResamplingKwargs } from "../plans.ts";
import type { Shape4 } from "./crop.ts";
import type { Shape3 } from "./fill_holes.ts";
import { resampleDataOrSegToShape, type Spacing3 } from "./resample.ts";
import { resampleTorch } from "./resample_torch.ts";
import type { Volume } from "./slices.ts";

type ResamplingFunction = <T extends Volume>(
  data: T,
  shape: Shape4,
  newShape: Shape3,
  currentSpacing: Spacing3,
  newSpacing: Spacing3,
  kwargs: ResamplingKwargs,
) => T;

/** Name of the function that leaves every image as it is. */
const NO_RESAMPLING = "no_resampling_hack";

const FUNCTIONS: Record<string, ResamplingFunction> = {
  resample_data_or_seg_to_shape: resampleDataOrSegToShape,
  resample_torch_fornnunet: resampleTorch,
  [NO_RESAMPLING]: (data) => data,
};

/**
 * Resamples with the function that the plans name.
 *
 * @param data `[C, x, y, z]`, last axis fastest
 * @throws {DataError} when there is no such function
 */
export function resample<T extends Volume>(
  functionName: string,
  data: T,
  shape: Shape4,
  newShape: Shape3,
  currentSpacing: Spacing3,
  newSpacing: Spacing3,
  kwargs: ResamplingKwargs,
): T {
  if (!Object.hasOwn(FUNCTIONS, functionName)) {
    throw new DataError(
      `Cannot resample with "${functionName}" of the plans: it is unknown, plan with a planner ` +
        `that uses one of ${Object.keys(FUNCTIONS).join(", ")}`,
    );
  }
  return FUNCTIONS[functionName](data, shape, newShape, currentSpacing, newSpacing, kwargs);
}

/** Whether images keep their shape, whatever their spacing. */
export function isWithoutResampling({ resampling_fn_data }: Configuration): boolean {
  return resampling_fn_data === NO_RESAMPLING;
}
