import { compareCodePoints } from "../code_points.ts";
import type { Store } from "../store.ts";
import type { Problem } from "./problem.ts";

/** A file, where it lies and how it should be called. */
export interface DatasetFile {
  path: string;
  /** `path` unless it has to be moved. */
  target: string;
}

/** A training case with its files as they lie now. */
export interface CaseToCheck {
  identifier: string;
  /** In channel order. */
  images: DatasetFile[];
  label?: DatasetFile;
}

/** What lies in the folders of a dataset. */
export interface DatasetFiles {
  fileEnding: string;
  cases: CaseToCheck[];
  problems: Problem[];
  /** Files that macOS leaves beside those it copies. */
  stray: string[];
}

const ENDINGS = [".nii.gz", ".nii", ".nrrd", ".mha", ".gipl", ".png", ".bmp", ".tif", ".tiff"];
/** What people call the two folders instead. */
const ALIASES = {
  imagesTr: /^images?[_-]?(tr|train|training)?$/i,
  labelsTr: /^(labels?|masks?)[_-]?(tr|train|training)?$/i,
};

/**
 * Finds the cases of a dataset although names are wrong: a missing `_0000`, one on label maps, folders
 * of other names, files that are none of ours. Nothing is read.
 *
 * @param declaredEnding `file_ending` of `dataset.json`, where it has one
 */
export async function findFiles(
  store: Store,
  folder: string,
  declaredEnding: string | undefined,
): Promise<DatasetFiles> {
  const problems: Problem[] = [];
  const images = await listFolder(store, folder, "imagesTr", problems);
  const labels = await listFolder(store, folder, "labelsTr", problems);
  const fileEnding = chooseEnding(images.names, declaredEnding);
  reportOtherEndings([images, labels], fileEnding, problems);

  const labelFiles = filesByStem(labels, fileEnding);
  const groups = groupChannels(images, fileEnding, new Set(labelFiles.keys()), problems);
  const unnumberLabels = [...labelFiles].filter(([stem]) =>
    stem.endsWith("_0000") && groups.has(stem.slice(0, -5)) && !labelFiles.has(stem.slice(0, -5))
  );
  for (const [stem, file] of unnumberLabels) {
    const identifier = stem.slice(0, -5);
    labelFiles.delete(stem);
    labelFiles.set(identifier, { ...file, target: labels.target + identifier + fileEnding });
    problems.push({
      kind: "file name",
      severity: "error",
      where: `labelsTr/${stem}${fileEnding}`,
      found: "a label map has no channel number",
      fix: `rename to ${identifier}${fileEnding}`,
    });
  }
  const cases = [...groups].map(([identifier, files]): CaseToCheck => ({
    identifier,
    images: files,
    label: labelFiles.get(identifier),
  }));
  for (const { identifier } of cases.filter(({ label }) => !label)) {
    problems.push({
      kind: "missing label map",
      severity: "error",
      where: identifier,
      found: `there is no labelsTr/${identifier}${fileEnding}`,
      advice: "add it, or move the images to imagesTs",
    });
  }
  for (const stem of [...labelFiles.keys()].filter((stem) => !groups.has(stem))) {
    problems.push({
      kind: "label map without image",
      severity: "warning",
      where: `labelsTr/${stem}${fileEnding}`,
      found: `there is no imagesTr/${stem}_0000${fileEnding}`,
      advice: "add the image, or remove the label map",
    });
  }
  const stray = [...images.stray, ...labels.stray];
  for (const path of stray) {
    problems.push({
      kind: "stray file",
      severity: path.endsWith(fileEnding) ? "error" : "warning",
      where: path.slice(folder.length + 1),
      found: "a file that macOS made; nnU-Net would take it for a case",
      fix: "remove it",
    });
  }
  return { fileEnding, cases, problems, stray };
}

interface Listing {
  /** Where the files lie, with `/`. */
  from: string;
  /** Where they should. */
  target: string;
  names: string[];
  stray: string[];
}

async function listFolder(
  store: Store,
  folder: string,
  wanted: "imagesTr" | "labelsTr",
  problems: Problem[],
): Promise<Listing> {
  const entries = (await store.list(folder)).filter(({ isDirectory }) => isDirectory);
  const found = entries.find(({ name }) => name === wanted) ??
    entries.find(({ name }) => ALIASES[wanted].test(name));
  if (found?.name !== wanted) {
    problems.push({
      kind: "folder",
      severity: "error",
      where: wanted,
      found: found ? `is called "${found.name}"` : "is missing",
      ...found
        ? { fix: `move the files of "${found.name}" there` }
        : { advice: "make it and put the files there" },
    });
  }
  const from = `${folder}/${found?.name ?? wanted}/`;
  const files = (await store.list(from.slice(0, -1))).filter(({ isDirectory }) => !isDirectory)
    .map(({ name }) => name);
  return {
    from,
    target: `${folder}/${wanted}/`,
    names: files.filter((name) => !name.startsWith(".")),
    stray: files.filter((name) => name.startsWith("._")).map((name) => from + name),
  };
}

/** The declared ending where an image has it; else the one that most images have. */
function chooseEnding(names: string[], declared: string | undefined): string {
  if (declared && names.some((name) => name.endsWith(declared))) return declared;
  const counts = ENDINGS.map((ending) => ({
    ending,
    count: names.filter((name) => endingOf(name) === ending).length,
  }));
  const most = counts.reduce((a, b) => b.count > a.count ? b : a);
  return most.count > 0 ? most.ending : declared ?? ENDINGS[0];
}

function endingOf(name: string): string | undefined {
  return ENDINGS.find((ending) => name.endsWith(ending));
}

function reportOtherEndings(folders: Listing[], fileEnding: string, problems: Problem[]): void {
  for (const { target, names } of folders) {
    const others = names.filter((name) =>
      !name.endsWith(fileEnding) && endingOf(name.toLowerCase()) !== undefined
    );
    if (others.length === 0) continue;
    problems.push({
      kind: "file ending",
      severity: "error",
      where: target.split("/").at(-2)!,
      found: `${others.length} files do not end in ${fileEnding}, e.g. ${others[0]}`,
      advice: `convert them to ${fileEnding}`,
      magnitude: others.length,
    });
  }
}

function filesByStem({ from, target, names }: Listing, ending: string): Map<string, DatasetFile> {
  return new Map(
    names.filter((name) => name.endsWith(ending))
      .map((name) => [
        name.slice(0, -ending.length),
        { path: from + name, target: target + name },
      ]),
  );
}

/** Images by case. One without channel number is the only channel of its case. */
function groupChannels(
  images: Listing,
  ending: string,
  labelStems: Set<string>,
  problems: Problem[],
): Map<string, DatasetFile[]> {
  const groups = new Map<string, { channel: number; file: DatasetFile }[]>();
  for (const [stem, file] of filesByStem(images, ending)) {
    const [, numbered, digits] = /^(.+)_(\d{4})$/.exec(stem) ?? [];
    // `scan_2019` whose label map is `scan_2019` too has a year, not a channel number.
    const isNumbered = numbered !== undefined &&
      (digits === "0000" || !labelStems.has(stem) || labelStems.has(numbered));
    const identifier = isNumbered ? numbered : stem;
    const channel = isNumbered ? Number(digits) : 0;
    const group = groups.get(identifier) ?? [];
    groups.set(identifier, group);
    if (isNumbered) group.push({ channel, file });
    else {
      const name = `${stem}_0000${ending}`;
      group.push({ channel, file: { ...file, target: images.target + name } });
      problems.push({
        kind: "file name",
        severity: "error",
        where: `imagesTr/${stem}${ending}`,
        found: "an image needs a channel number",
        fix: `rename to ${name}`,
      });
    }
  }
  for (const [identifier, group] of groups) {
    group.sort((a, b) => a.channel - b.channel);
    const missing = group.findIndex(({ channel }, i) => channel !== i);
    if (missing === -1) continue;
    problems.push({
      kind: "missing channel",
      // nnU-Net goes by the order alone; a channel too few is an error of its own.
      severity: "warning",
      where: identifier,
      found: `it has ${group.map(({ channel }) => number(channel)).join(", ")} but not ` +
        number(missing),
      advice: "add that file, or number the channels from 0000",
    });
  }
  return new Map(
    [...groups].sort(([a], [b]) => compareCodePoints(a, b))
      .map(([identifier, group]) => [identifier, group.map(({ file }) => file)]),
  );
}

function number(channel: number): string {
  return String(channel).padStart(4, "0");
}
