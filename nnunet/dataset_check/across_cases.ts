import { channelNames, type DatasetJson } from "../dataset.ts";
import type { CaseContent } from "./check_case.ts";
import type { Problem } from "./problem.ts";

/** Compares the channels of all cases with the names of channels; a coloured picture has three. */
export function nameChannels(
  json: DatasetJson,
  contents: CaseContent[],
  problems: Problem[],
): DatasetJson {
  const names = channelNames(json);
  const counts = new Set(contents.flatMap(({ channels }) => channels ?? []));
  const [count] = counts;
  if (counts.size === 1 && names.length === 1 && (count === 3 || count === 4)) {
    const colours = ["R", "G", "B", "A"].slice(0, count);
    problems.push({
      kind: "extra channel",
      severity: "error",
      where: "dataset.json",
      found: `channel_names has only ${names[0]}, all images have ${count} channels`,
      fix: `name them ${colours.join(", ")}`,
    });
    return {
      ...json,
      channel_names: Object.fromEntries(colours.map((name, i) => [String(i), name])),
    };
  }
  for (const { identifier, channels } of contents) {
    if (channels === undefined || channels === names.length) continue;
    problems.push({
      kind: channels < names.length ? "missing channel" : "extra channel",
      severity: "error",
      where: identifier,
      found: `it has ${channels} channels, dataset.json names ${names.length} (${
        names.join(", ")
      })`,
      advice: channels < names.length
        ? "add the files, or correct channel_names"
        : "remove files, or correct channel_names",
      magnitude: Math.abs(channels - names.length),
    });
  }
  return json;
}

/** Images that are there twice. */
export function duplicates(contents: CaseContent[]): Problem[] {
  const first = new Map<string, string>();
  return contents.flatMap(({ identifier, imageHash }): Problem[] => {
    if (imageHash === undefined) return [];
    const other = first.get(imageHash);
    if (other === undefined) {
      first.set(imageHash, identifier);
      return [];
    }
    return [{
      kind: "duplicate image",
      severity: "warning",
      where: identifier,
      found: `the same voxels as ${other}`,
      advice: "remove one: validation would see what was trained on",
    }];
  });
}

/** nnU-Net sees voxels in the order of the file: cases that are turned look different to it. */
export function orientations(contents: CaseContent[]): Problem[] {
  const counts = new Map<string, number>();
  for (const { orientation } of contents) {
    if (orientation) counts.set(orientation, (counts.get(orientation) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  const [usual] = [...counts].find(([, count]) => count === most) ?? [];
  return contents.filter(({ orientation }) => orientation && orientation !== usual).map((
    { identifier, orientation },
  ) => ({
    kind: "orientation",
    severity: "warning",
    where: identifier,
    found: `voxels run ${orientation}, ${usual} in most cases`,
    advice: "turn them alike, or add cases of both kinds",
  }));
}
