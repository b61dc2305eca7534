import { DataError } from "../errors.ts";
import type { Store } from "../store.ts";
import { naturalImage2dIo } from "./natural_image_2d_io.ts";
import { nibabelIo, nibabelReorientIo } from "./nibabel_io.ts";
import type { ReaderWriter } from "./reader.ts";
import { simpleItkIo } from "./simpleitk_io.ts";
import { simpleItkReorientIo } from "./simpleitk_reorient_io.ts";
import { tiff3dIo } from "./tiff_3d_io.ts";

/** Name of a reader and writer class of nnU-Net, as plans and `dataset.json` have it. */
export type ReaderName =
  | "SimpleITKIO"
  | "NibabelIO"
  | "NibabelIOWithReorient"
  | "SimpleITKIOWithReorient"
  | "NaturalImage2DIO"
  | "Tiff3DIO";

const READERS: Record<ReaderName, ReaderWriter> = {
  SimpleITKIO: simpleItkIo,
  NibabelIO: nibabelIo,
  NibabelIOWithReorient: nibabelReorientIo,
  SimpleITKIOWithReorient: simpleItkReorientIo,
  NaturalImage2DIO: naturalImage2dIo,
  Tiff3DIO: tiff3dIo,
};

/** Order in which nnU-Net tries them; `SimpleITKIOWithReorient` is reached by name only. */
const TRIED: ReaderName[] = [
  "NaturalImage2DIO",
  "SimpleITKIO",
  "Tiff3DIO",
  "NibabelIO",
  "NibabelIOWithReorient",
];

/** Whether a name from a file is one of {@linkcode ReaderName}. */
export function isReaderName(name: string): name is ReaderName {
  return Object.hasOwn(READERS, name);
}

/** The reader and writer of that name. */
export function readerOf(name: ReaderName): ReaderWriter {
  return READERS[name];
}

/** Options for {@linkcode determineReader}. */
export interface DetermineReaderOptions {
  /**
   * Also try readers that do not list the ending, as nnU-Net does for `move_plans_between_datasets`.
   * @default {false}
   */
  allowNonmatchingEnding?: boolean;
}

/**
 * The reader for files that end in `fileEnding`: the first one that lists the ending and, when an
 * example is given, can really read it (nnU-Net's
 * `determine_reader_writer_from_file_ending`).
 *
 * @throws {DataError} when there is none; names what each reader said of the example
 */
export async function determineReader(
  fileEnding: string,
  exampleFile?: string,
  store?: Store,
  { allowNonmatchingEnding = false }: DetermineReaderOptions = {},
): Promise<ReaderName> {
  const complaints: string[] = [];
  for (const name of TRIED) {
    const listed = READERS[name].fileEndings.includes(fileEnding.toLowerCase());
    if (!listed && !allowNonmatchingEnding) continue;
    if (exampleFile === undefined || store === undefined) {
      if (listed) return name;
      continue;
    }
    try {
      await READERS[name].readImages(store, [exampleFile]);
      return name;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (listed) complaints.push(error.message);
    }
  }
  const [complaint] = complaints;
  throw new DataError(
    complaint ??
      `Cannot find a reader for "${fileEnding}"${exampleFile ? ` and "${exampleFile}"` : ""}: ` +
        `use one of .nii.gz .nii .nrrd .mha .gipl .png .bmp .tif .tiff`,
  );
}
