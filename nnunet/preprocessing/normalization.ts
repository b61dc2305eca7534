import { DataError } from "../errors.ts";

/** Statistics of the foreground intensities of one channel, as in the plans. */
export interface IntensityProperties {
  mean: number;
  std: number;
  percentile_00_5: number;
  percentile_99_5: number;
}

/** What a scheme may use beside the voxels of its channel. */
export interface NormalizationContext {
  /** Same voxels as the channel, −1 outside the non-zero region. Only where the mask is used. */
  seg?: ArrayLike<number>;
  /** From the plans; needed by `CTNormalization`. */
  intensities?: IntensityProperties;
}

type Scheme = (channel: Float32Array, context: NormalizationContext) => void;

/** Standard deviations and ranges below this count as this. */
const EPSILON = 1e-8;

const SCHEMES: Record<string, Scheme> = {
  ZScoreNormalization: zScore,
  CTNormalization: ct,
  NoNormalization: () => {},
  RescaleTo01Normalization: rescaleTo01,
  RGBTo01Normalization: rgbTo01,
};

const SCHEME_OF_CHANNEL_NAME: Record<string, string> = {
  ct: "CTNormalization",
  nonorm: "NoNormalization",
  zscore: "ZScoreNormalization",
  rescale_to_0_1: "RescaleTo01Normalization",
  rgb_to_0_1: "RGBTo01Normalization",
};

/** Name of the scheme that nnU-Net takes for a channel name of `dataset.json`; case does not matter. */
export function normalizationSchemeOf(channelName: string): string {
  const key = channelName.toLowerCase();
  return Object.hasOwn(SCHEME_OF_CHANNEL_NAME, key)
    ? SCHEME_OF_CHANNEL_NAME[key]
    : "ZScoreNormalization";
}

/**
 * Normalises one channel in place.
 *
 * Source: nnU-Net `preprocessing/normalization`, specification 03 section 3.
 *
 * @param scheme name in the plans, e.g. `"ZScoreNormalization"`
 * @throws {DataError} unknown scheme, missing statistics, or RGB values outside 0 … 255
 */
export function normalize(
  scheme: string,
  channel: Float32Array,
  context: NormalizationContext = {},
): void {
  if (!Object.hasOwn(SCHEMES, scheme)) {
    throw new DataError(
      `Cannot normalise with the scheme "${scheme}" of the plans: it is unknown, use one of ` +
        Object.keys(SCHEMES).join(", "),
    );
  }
  SCHEMES[scheme](channel, context);
}

/** (x − mean) / std over the channel, or over and only in the mask `seg >= 0`. */
function zScore(channel: Float32Array, { seg }: NormalizationContext): void {
  const inside = (i: number): boolean => seg === undefined || seg[i] >= 0;
  let count = 0, sum = 0;
  for (let i = 0; i < channel.length; i++) {
    if (!inside(i)) continue;
    count++;
    sum += channel[i];
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < channel.length; i++) {
    if (inside(i)) squares += (channel[i] - mean) ** 2;
  }
  const scale = 1 / Math.max(Math.sqrt(squares / count), EPSILON);
  for (let i = 0; i < channel.length; i++) {
    if (inside(i)) channel[i] = (channel[i] - mean) * scale;
  }
}

function ct(channel: Float32Array, { intensities }: NormalizationContext): void {
  if (intensities === undefined) {
    throw new DataError(
      "Cannot normalise a CT channel: the plans have no foreground_intensity_properties_per_channel " +
        "for it, plan the experiment again",
    );
  }
  const { mean, percentile_00_5: lower, percentile_99_5: upper } = intensities;
  const scale = 1 / Math.max(intensities.std, EPSILON);
  for (let i = 0; i < channel.length; i++) {
    channel[i] = (Math.min(Math.max(channel[i], lower), upper) - mean) * scale;
  }
}

function rescaleTo01(channel: Float32Array): void {
  const { min, max } = range(channel);
  const scale = 1 / Math.max(max - min, EPSILON);
  for (let i = 0; i < channel.length; i++) channel[i] = (channel[i] - min) * scale;
}

function rgbTo01(channel: Float32Array): void {
  const { min, max } = range(channel);
  if (min < 0 || max > 255) {
    throw new DataError(
      `Cannot normalise an RGB channel with values from ${min} to ${max}: they must lie in 0 … 255, ` +
        "store the image with 8 bits or name the channel otherwise in dataset.json",
    );
  }
  for (let i = 0; i < channel.length; i++) channel[i] /= 255;
}

function range(values: Float32Array): { min: number; max: number } {
  let min = Infinity, max = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < min) min = values[i];
    if (values[i] > max) max = values[i];
  }
  return { min, max };
}
