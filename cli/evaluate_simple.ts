import type { ArgumentParser } from "argparse";
import { evaluateFolderSimple } from "../nnunet/evaluation/evaluate_folder.ts";
import type { Command } from "./command.ts";
import { DenoStore } from "./deno_store.ts";
import { addEvaluateArguments, type EvaluateArguments, reportSummary } from "./evaluate_folder.ts";
import { progressBar } from "./progress_bar.ts";

interface Arguments extends EvaluateArguments {
  l: number[];
  il?: number;
}

export const command: Command = {
  example: "labelsTs predictions -l 1 2",
  addArguments(parser: ArgumentParser): void {
    addEvaluateArguments(parser);
    parser.add_argument("-l", {
      required: true,
      nargs: "+",
      type: "int",
      metavar: "LABEL",
      help: "labels to compare",
    });
    parser.add_argument("-il", { type: "int", metavar: "LABEL", help: "label to ignore" });
  },
  async run(args: Arguments): Promise<void> {
    const store = new DenoStore();
    const summary = await evaluateFolderSimple(store, args.gt_folder, args.pred_folder, {
      labels: args.l,
      ignoreLabel: args.il,
      chill: args.chill,
      onProgress: progressBar(),
    });
    await reportSummary(store, summary, args);
  },
};
