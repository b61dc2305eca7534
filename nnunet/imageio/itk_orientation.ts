import type { ItkImage } from "./itk_image.ts";
import { permuteAndFlip } from "./permute_axes.ts";

/** Letters of the three LPS axes, for growing and for falling coordinates. */
const LETTERS = ["LR", "PA", "SI"];

/**
 * Orientation code such as `RAS`: for each image axis the direction it points to (ITK's
 * `DICOMOrientation`). The axis pair with the largest cosine is settled first.
 */
export function orientationCode(direction: number[]): string {
  const cosines: { axis: number; coordinate: number; value: number }[] = [];
  for (let axis = 0; axis < 3; axis++) {
    for (let coordinate = 0; coordinate < 3; coordinate++) {
      cosines.push({ axis, coordinate, value: direction[3 * coordinate + axis] });
    }
  }
  // A stable sort: of equal cosines the later one is settled first, as in ITK.
  cosines.sort((a, b) => Math.abs(a.value) - Math.abs(b.value));
  const code = ["", "", ""];
  let open = cosines;
  while (open.length > 0) {
    const { axis, coordinate, value } = open.at(-1)!;
    code[axis] = LETTERS[coordinate][value > 0 ? 0 : 1];
    open = open.filter((c) => c.axis !== axis && c.coordinate !== coordinate);
  }
  return code.join("");
}

/** Permutes and flips the axes of a 3D image so that its code becomes `code` (`DICOMOrient`). */
export function orientTo(image: ItkImage, code: string): ItkImage {
  const present = orientationCode(image.direction);
  const coordinate = (letter: string) => LETTERS.findIndex((pair) => pair.includes(letter));
  const order = [...code].map((to) =>
    [...present].findIndex((from) => coordinate(from) === coordinate(to))
  );
  const flip = [...code].map((to, i) => present[order[i]] !== to);
  const at = (row: number, axis: number) => image.direction[3 * row + axis];
  return {
    ...image,
    size: order.map((a) => image.size[a]),
    spacing: order.map((a) => image.spacing[a]),
    origin: image.origin.map((o, row) =>
      order.reduce(
        (sum, a, i) => flip[i] ? sum + at(row, a) * image.spacing[a] * (image.size[a] - 1) : sum,
        o,
      )
    ),
    direction: [0, 1, 2].flatMap((row) => order.map((a, i) => flip[i] ? -at(row, a) : at(row, a))),
    voxels: permuteAndFlip(image.voxels, image.size, order, flip, image.components),
  };
}
