import type { CaseFiles, DatasetJson } from "../dataset.ts";
import { channelNames } from "../dataset.ts";
import { DataError } from "../errors.ts";
import type { MedicalImage } from "../imageio/image.ts";
import { LabelManager } from "../labels.ts";

/**
 * Checks that a training case can be learnt from: all channels, equal shapes, numbers only, no label
 * that `dataset.json` does not name.
 *
 * @param files named in errors
 * @throws {DataError} saying which file is wrong and what to do
 */
export function checkTrainingCase(
  image: MedicalImage,
  seg: MedicalImage,
  files: CaseFiles,
  json: DatasetJson,
): void {
  checkChannels(image, files, json);
  const [imageShape, segShape] = [image, seg].map(({ shape }) => shape.slice(1).join(" x "));
  if (imageShape !== segShape) {
    throw new DataError(
      `Cannot use "${files.label}": its shape ${segShape} differs from ${imageShape} of ` +
        `"${files.images[0]}", draw it on that image or resample it to it`,
    );
  }
  checkNumbers(image, files);
  checkLabels(seg, files, json);
}

function checkChannels({ shape: [channels] }: MedicalImage, files: CaseFiles, json: DatasetJson) {
  const expected = channelNames(json).length;
  if (channels === expected) return;
  const numbers = files.images.map((path) => path.slice(0, -json.file_ending.length).slice(-4));
  const missing = Array.from({ length: expected }, (_, c) => String(c).padStart(4, "0"))
    .find((number) => !numbers.includes(number));
  const cure = channels < expected && missing !== undefined
    ? `"${files.images[0].replace(/_\d{4}(?=[^/]*$)/, `_${missing}`)}" is missing, add it`
    : "correct channel_names in dataset.json or the files";
  throw new DataError(
    `Cannot use case "${files.identifier}": it has ${channels} channels, dataset.json names ` +
      `${expected}, ${cure}`,
  );
}

function checkNumbers({ data, shape: [channels] }: MedicalImage, { images }: CaseFiles): void {
  const index = data.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  const channel = Math.floor(index / (data.length / channels));
  throw new DataError(
    `Cannot use "${images[Math.min(channel, images.length - 1)]}": it holds the value ` +
      `${data[index]}, replace it by a number`,
  );
}

function checkLabels({ data, shape }: MedicalImage, { label }: CaseFiles, json: DatasetJson): void {
  if (shape[0] > 1) {
    throw new DataError(
      `Cannot use "${label}": a label map has one value a voxel, this one ${shape[0]} (colours), ` +
        `"prepare" makes numbers of colours`,
    );
  }
  const { allLabels, ignoreLabel } = new LabelManager(json);
  const known = new Set([...allLabels, ...ignoreLabel === undefined ? [] : [ignoreLabel]]);
  let last = NaN;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === last) continue;
    last = data[i];
    if (known.has(last)) continue;
    const voxels = data.reduce((count, value) => count + (Object.is(value, last) ? 1 : 0), 0);
    throw new DataError(
      `Cannot use "${label}": it holds the value ${last} (${voxels} voxels), which dataset.json does ` +
        `not name (${[...known].join(", ")}), name it there under labels or correct the file`,
    );
  }
}
