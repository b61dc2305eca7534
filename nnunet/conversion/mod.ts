/** Datasets and plans of other origin made into nnU-Net v2's (spec 01, section 5). */
export type { ConvertedDataset, DatasetFolders } from "./conversion.ts";
export { movePlans, type MovePlansOptions } from "./move_plans.ts";
export { convertMsdDataset, type ConvertMsdOptions } from "./msd.ts";
export { convertOldDataset, type ConvertOldOptions } from "./old_dataset.ts";
export type { RenamedLabel } from "./old_dataset_json.ts";
