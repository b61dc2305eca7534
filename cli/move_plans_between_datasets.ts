import type { ArgumentParser } from "argparse";
import { movePlans } from "../nnunet/conversion/mod.ts";
import { type Command, PROGRAM } from "./command.ts";
import { findDataset } from "./datasets.ts";
import { DenoStore } from "./deno_store.ts";
import type { Folders } from "./folders.ts";
import { print } from "./print.ts";

interface Arguments {
  s: string;
  t: string;
  sp: string;
  tp?: string;
}

export const command: Command = {
  example: "-s 4 -t 5 -sp nnUNetPlans -tp plansOf4",
  addArguments(parser: ArgumentParser): void {
    parser.add_argument("-s", {
      required: true,
      metavar: "DATASET",
      help: "dataset that the plans were made for, by id or name",
    });
    parser.add_argument("-t", {
      required: true,
      metavar: "DATASET",
      help: "dataset that is to use them, by id or name",
    });
    parser.add_argument("-sp", { required: true, metavar: "PLANS", help: "name of the plans" });
    parser.add_argument("-tp", {
      metavar: "PLANS",
      help: "their name in the other dataset [default: the same]",
    });
  },
  async run({ s, t, sp, tp }: Arguments, folders: Folders): Promise<void> {
    const store = new DenoStore();
    const target = await findDataset(store, folders, t);
    const path = await movePlans(
      store,
      { ...folders.known, raw: folders.raw, preprocessed: folders.preprocessed },
      {
        source: await findDataset(store, folders, s),
        target,
        sourcePlans: sp,
        targetPlans: tp,
        environment: Deno.env.toObject(),
      },
    );
    print(`Written to ${path}`);
    print(`Next: ${PROGRAM} preprocess -d ${target} -plans_name ${tp ?? sp}`);
  },
};
