import * as v from "valibot";
import { DataError } from "../errors.ts";
import type { NibabelStuff, SitkStuff } from "../imageio/image.ts";
import type { NdArray } from "../ndarray.ts";
import { readPickle, Tuple } from "../pickle.ts";
import { PickledArray } from "../pickle_numpy.ts";
import { type Picklable, writePickle } from "../pickle_writer.ts";
import { Float } from "../python_json.ts";
import type { CaseProperties } from "./preprocess_case.ts";

/** Makes the `CASE.pkl` that nnU-Net keeps beside a preprocessed case. */
export function writeCaseProperties(properties: CaseProperties): Uint8Array {
  const { sitk_stuff, nibabel_stuff, class_locations } = properties;
  const content: Record<string, Picklable> = {};
  if (sitk_stuff !== undefined) content.sitk_stuff = pickledSitkStuff(sitk_stuff);
  if (nibabel_stuff !== undefined) content.nibabel_stuff = pickledNibabelStuff(nibabel_stuff);
  content.spacing = floats(properties.spacing);
  content.shape_before_cropping = Tuple.from(properties.shape_before_cropping);
  content.bbox_used_for_cropping = properties.bbox_used_for_cropping;
  content.shape_after_cropping_and_before_resampling = Tuple.from(
    properties.shape_after_cropping_and_before_resampling,
  );
  if (class_locations !== undefined) {
    content.class_locations = new Map(class_locations.map(({ key, coordinates }) => [
      typeof key === "number" ? key : Tuple.from(key),
      coordinates.length === 0 ? [] : {
        dtype: "i8",
        shape: [coordinates.length / 4, 4],
        data: BigInt64Array.from(coordinates, BigInt),
      },
    ]));
  }
  return writePickle(content);
}

function floats(values: readonly number[]): Float[] {
  return values.map((value) => new Float(value));
}

function pickledSitkStuff(stuff: SitkStuff): Picklable {
  const { spacing, origin, direction, original_orientation } = stuff;
  return {
    spacing: Tuple.from(floats(spacing)),
    origin: Tuple.from(floats(origin)),
    direction: Tuple.from(floats(direction)),
    ...(original_orientation === undefined ? {} : { original_orientation }),
  };
}

function pickledNibabelStuff({ original_affine, reoriented_affine }: NibabelStuff): Picklable {
  const matrix = (rows: number[][]): NdArray => ({
    dtype: "f8",
    shape: [rows.length, rows[0].length],
    data: Float64Array.from(rows.flat()),
  });
  return {
    original_affine: matrix(original_affine),
    ...(reoriented_affine === undefined ? {} : { reoriented_affine: matrix(reoriented_affine) }),
  };
}

/**
 * Reads the `CASE.pkl` of nnU-Net or this program.
 *
 * @param path named in errors
 * @throws {DataError} when it is damaged, harmful or not that of a preprocessed case
 */
export function readCaseProperties(bytes: Uint8Array, path: string): CaseProperties {
  const result = v.safeParse(schema, toObjects(readPickle(bytes, path)));
  if (result.success) return result.output as CaseProperties;
  const [issue] = result.issues;
  throw new DataError(
    `Cannot use "${path}": "${v.getDotPath(issue)}": ${issue.message}, preprocess the case again`,
  );
}

/** Dictionaries with text keys become objects. */
function toObjects(value: unknown): unknown {
  if (
    value instanceof Map && value.size > 0 &&
    [...value.keys()].every((key) => typeof key === "string")
  ) {
    return Object.fromEntries([...value].map(([key, item]) => [key, toObjects(item)]));
  }
  return value;
}

const number = v.number("expected a number");
const triple = <T extends v.GenericSchema>(item: T) =>
  v.strictTuple([item, item, item], "expected three values");
const array = v.custom<NdArray>(
  (value) => value instanceof PickledArray && value.shape.length === 2,
  "expected a matrix",
);
const matrix = v.pipe(
  array,
  v.transform(({ shape: [rows, columns], data }) =>
    Array.from(
      { length: rows },
      (_, i) => Array.from(data.subarray(i * columns, (i + 1) * columns) as Float64Array, Number),
    )
  ),
);
const key = v.union([number, v.array(number)], "expected a label or labels");
const coordinates = v.pipe(
  v.union([array, v.array(v.never())], "expected coordinates"),
  v.check((value) => Array.isArray(value) || value.shape[1] === 4, "expected four columns"),
  v.transform((value) =>
    Int32Array.from(Array.isArray(value) ? [] : value.data as Int32Array, Number)
  ),
);

const schema = v.looseObject({
  spacing: triple(number),
  sitk_stuff: v.optional(v.looseObject({
    spacing: v.array(number),
    origin: v.array(number),
    direction: v.array(number),
    original_orientation: v.optional(v.string()),
  })),
  nibabel_stuff: v.optional(v.looseObject({
    original_affine: matrix,
    reoriented_affine: v.optional(matrix),
  })),
  shape_before_cropping: triple(number),
  bbox_used_for_cropping: triple(v.strictTuple([number, number], "expected two values")),
  shape_after_cropping_and_before_resampling: triple(number),
  class_locations: v.optional(v.pipe(
    v.map(key, coordinates, "expected a dictionary"),
    v.transform((map) => [...map].map(([key, coordinates]) => ({ key, coordinates }))),
  )),
});
