import { NoAdapterError } from "../engine/errors.ts";
import { DataError } from "../nnunet/errors.ts";
import denoJson from "../deno.json" with { type: "json" };
import { commandParser, parseArguments, PROGRAM } from "./command.ts";
import { COMMANDS, nearestCommand, resolveCommand } from "./commands.ts";
import { type FolderFlags, foldersFrom } from "./folders.ts";
import { EXIT_INTERRUPTED, Interrupted } from "./interrupt.ts";
import { print, printError, showStatus } from "./print.ts";
import { translateV1 } from "./v1_commands.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** Runs the command line `argv` and returns the exit status. */
export async function main(argv: string[]): Promise<number> {
  const v1 = translateV1(argv[0], argv.slice(1));
  const [word, ...rest] = v1 ? [v1.word, ...v1.argv] : argv;
  if (word === undefined || word === "--help" || word === "-h" || word === "help") {
    print(overview());
    return word === undefined ? EXIT_USAGE : 0;
  }
  if (word === "--version") {
    print(denoJson.version);
    return 0;
  }
  const name = resolveCommand(word);
  if (name === undefined) {
    printError(
      `Cannot run "${word}": there is no such command, did you mean "${nearestCommand(word)}"? ` +
        `"${PROGRAM} --help" lists all`,
    );
    return EXIT_USAGE;
  }
  const { summary, load } = COMMANDS[name];
  const { command } = await load();
  // argparse itself ends the program after --help (0) and after a wrong call (2).
  const args = parseArguments(commandParser(name, summary, command), rest);
  if (v1) printError(v1.notice);
  try {
    const folders = foldersFrom(args as FolderFlags);
    if (v1) {
      const { convertV1Tasks } = await import("./v1_tasks.ts");
      await convertV1Tasks(folders, v1.tasks);
    }
    await command.run(args, folders);
    return 0;
  } catch (error) {
    showStatus("");
    if (error instanceof Interrupted) {
      printError(error.message);
      return EXIT_INTERRUPTED;
    }
    printError(describeError(error, (args as { verbose: boolean }).verbose));
    return EXIT_FAILURE;
  }
}

/** One line; with `verbose` the place where it was thrown, and what caused it. */
export function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (verbose) return Deno.inspect(error, { colors: false });
  // A user can act on a DataError as it is; anything else may be a fault of ours.
  if (error instanceof DataError || error instanceof NoAdapterError) return error.message;
  return `${error.name}: ${error.message.split("\n")[0]} (add --verbose to see where)`;
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) =>
    `  ${name.padEnd(width)}${summary}`
  );
  return [
    "nnU-Net on WebGPU: medical image segmentation that configures itself.",
    "",
    `usage: ${PROGRAM} <command> [arguments]`,
    "",
    ...rows,
    "",
    `"${PROGRAM} <command> --help" explains a command and shows an example.`,
    "nnU-Net's full names work too: nnUNetv2_train is train.",
  ].join("\n");
}

/** Mesa's software adapter complains on every start where this is unset, e.g. in containers. */
export function setRuntimeFolder(): void {
  if (!Deno.env.get("XDG_RUNTIME_DIR") && Deno.build.os === "linux") {
    Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
  }
}

if (import.meta.main) {
  setRuntimeFolder();
  Deno.exit(await main(Deno.args));
}
