import assert from "node:assert/strict";
import { DenoStore } from "../../cli/deno_store.ts";
import { type FindingKind, isError, verifyDatasetIntegrity } from "../../nnunet/integrity.ts";
import { goldenPath, goldenTest, readGoldenJson } from "../support/golden.ts";

interface IntegrityCase {
  name: string;
  note: string;
  result: "passes" | "raises";
  error?: { message: string };
  printed: string[];
}

/** What nnU-Net says, and what we call it. */
const KINDS: [RegExp, FindingKind][] = [
  [/Unexpected number of modalities/, "channels"],
  [/Unexpected labels found/, "label values"],
  [/contain NaN/, "NaN"],
  [/Shape mismatch|the same shape/, "shape"],
  [/Spacing mismatch|the same spacing/, "spacing"],
  [/Origin mismatch|the same origin/, "origin"],
  [/Direction mismatch|the same direction/, "direction"],
  [/Affine mismatch/, "affine"],
  [/Unable to find ioclass/, "reader"],
  [/no spacing file found/, "spacing file"],
  [/number of training cases/, "number of cases"],
  [/a imagesTr subfolder|a labelsTr subfolder/, "folder"],
  [/have a label file|expected files were missing/, "missing file"],
  [/required keys|line \d+ column|a dataset\.json file|%d format|by non-int/, "dataset.json"],
  [
    /label must be|Background label|ignore label|Ignore label|regions_class_order|consecutive/,
    "labels",
  ],
  [/determine a reader|ImageFileReader/, "unreadable"],
];

goldenTest(
  "integrity",
  "every dataset is judged as nnU-Net judges it, for the same reason",
  async () => {
    const store = new DenoStore();
    const { cases }: { cases: IntegrityCase[] } = readGoldenJson("integrity", "results.json");
    const failures: string[] = [];
    for (const { name, note, result, error, printed } of cases) {
      const findings = await verifyDatasetIntegrity(
        store,
        goldenPath("integrity", "datasets", name),
      );
      const verdict = findings.some(isError) ? "raises" : "passes";
      const said = [...printed, error?.message ?? ""];
      const kinds = new Set(
        said.flatMap((text) =>
          KINDS.filter(([pattern]) => pattern.test(text)).map(([, kind]) => kind)
        ),
      );
      const ours = new Set(findings.map(({ kind }) => kind));
      // What breaks a rule about labels may already break the form of dataset.json.
      if (ours.has("dataset.json")) kinds.delete("labels");
      const missed = [...kinds].filter((kind) => !ours.has(kind));
      const invented = result === "passes" ? [...ours].filter((kind) => !kinds.has(kind)) : [];
      if (verdict !== result || missed.length > 0 || invented.length > 0) {
        failures.push(
          `${name} (${note}): ${verdict}, not ${result}; missed ${missed}; ` +
            `invented ${invented}; ${findings.map((f) => f.message).join(" | ")}`,
        );
      }
    }
    assert.deepEqual(failures, []);
  },
);
