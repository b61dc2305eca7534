import { ArgumentParser, RawDescriptionHelpFormatter } from "argparse";
import type { Folders } from "./folders.ts";

/** One subcommand: `cli/<name>.ts` exports one as `command`. */
export interface Command {
  /** Arguments of a typical call, for `--help`. */
  example: string;
  /** Declares nnU-Net's arguments, spelt as nnU-Net spells them. */
  addArguments(parser: ArgumentParser): void;
  /**
   * Does the work. Rejects with a `DataError` when the user can put it right.
   *
   * @param args As argparse hands them over, one key per argument.
   */
  // deno-lint-ignore no-explicit-any
  run(args: any, folders: Folders): Promise<void>;
}

/** How a user calls the program, as usage lines and advice show it. */
export const PROGRAM = "deno run -A cli/main.ts";

const FOLDER_FLAGS = ["--raw", "--preprocessed", "--results"];

/** The parser of one command: its own arguments and those that every command has. */
export function commandParser(name: string, summary: string, command: Command): ArgumentParser {
  const parser = new ArgumentParser({
    prog: `${PROGRAM} ${name}`,
    description: summary,
    epilog: `example:\n  ${PROGRAM} ${name} ${command.example}`,
    formatter_class: RawDescriptionHelpFormatter,
    // argparse asks Node's `hasColors`, which Deno answers with yes for files and pipes, too.
    color: Deno.stdout.isTerminal() && !Deno.noColor,
  });
  command.addArguments(parser);
  const common = parser.add_argument_group("folders and messages");
  for (const flag of FOLDER_FLAGS) {
    const variable = `nnUNet_${flag.slice(2)}`;
    common.add_argument(flag, { metavar: "FOLDER", help: `in place of ${variable}` });
  }
  common.add_argument("--verbose", {
    action: "store_true",
    help: "say more; for an error, where it came from",
  });
  return parser;
}

/**
 * Parses as nnU-Net does, and forgives the number of dashes: `--tr` for `-tr`, `-npz` for `--npz`,
 * and v1's `-c` (continue) for `--c`. What argparse understands itself is left alone, abbreviations
 * included: `--c` of `predict` stays `--continue_prediction`.
 */
export function parseArguments(parser: ArgumentParser, argv: string[]): object {
  const options = optionStrings(parser);
  return parser.parse_args(argv.map((word) => {
    const [, dashes, name, rest] = /^(--?)([A-Za-z]\w*)(=.*)?$/s.exec(word) ?? [];
    if (name === undefined) return word;
    const asGiven = dashes + name;
    const other = (dashes === "-" ? "--" : "-") + name;
    const understood = options.some((option) =>
      option.startsWith(asGiven) && (option === asGiven || !FOLDER_FLAGS.includes(option))
    );
    return !understood && options.includes(other) ? other + (rest ?? "") : word;
  }));
}

function optionStrings(parser: ArgumentParser): string[] {
  // As in Python, the parser keeps its actions under a private name, which its types leave out.
  const { _option_string_actions } = parser as unknown as {
    _option_string_actions: Record<string, unknown>;
  };
  return Object.keys(_option_string_actions);
}
