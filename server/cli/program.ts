/** The command line: its commands, and how each of them ends. */
import { Command, CommanderError } from "commander";
import { PatternError } from "../rules/patterns.js";
import { ConfigError } from "../config/config-error.js";
import { StoreError } from "../store/store.js";
import { addCheckConfigCommand } from "./check-config.js";
import { RefusedError } from "./refused-error.js";
import { addKeyCommand } from "./key.js";
import { addRevokeCommand } from "./revoke.js";
import { addStartCommand, START_NOTE } from "./start.js";
import type { ProcessContext } from "./process-context.js";
import { addTokenCommand } from "./token.js";

/** Commands that other modules bring. */
export type AddCommand = (program: Command) => void;

/** Exit code for what the user can put right: a wrong option, a port in use, a file that cannot be read. */
export const EXIT_USAGE = 2;

/**
 * Runs a command, the server if none is named.
 * @param argv Without the node and script of `process.argv`.
 * @returns The exit code; undefined where the process ends by itself, or goes on as a server.
 */
export async function runProgram(
  argv: readonly string[],
  context: ProcessContext,
  others: readonly AddCommand[] = [],
): Promise<number | undefined> {
  try {
    await createProgram(context, others).parseAsync(withCommand(argv), { from: "user" });
    return undefined;
  } catch (error) {
    // commander has printed it.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    if (!isForUser(error)) throw error;
    context.printError(`error: ${error.message}\n`);
    return error instanceof RefusedError ? 1 : EXIT_USAGE;
  }
}

/** Without a command the server starts. A word that is none is an error, and not an argument of `start`. */
function withCommand(argv: readonly string[]): readonly string[] {
  const [first] = argv;
  const isOfStart = first === undefined || (first.startsWith("-") && !OF_PROGRAM.has(first));
  return isOfStart ? ["start", ...argv] : argv;
}

/** The options of the program itself. */
const OF_PROGRAM: ReadonlySet<string> = new Set(["-h", "--help", "-V", "--version"]);

/** Errors whose message tells the user what to do. */
const FOR_USER = [ConfigError, PatternError, StoreError, RefusedError];

function isForUser(error: unknown): error is Error {
  return FOR_USER.some((one) => error instanceof one);
}

function createProgram(context: ProcessContext, others: readonly AddCommand[]): Command {
  const program = new Command("crossroom")
    .description("A Socket.IO rooms server whose rooms are open to any plain WebSocket client.")
    .version(context.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .showHelpAfterError("(crossroom --help lists the commands and options)")
    .allowExcessArguments(false)
    .configureOutput({ writeOut: context.print, writeErr: context.printError })
    .exitOverride();
  const start = addStartCommand(program, context);
  addTokenCommand(program, context);
  addKeyCommand(program, context);
  addRevokeCommand(program, context);
  addCheckConfigCommand(program, context);
  for (const add of others) add(program);
  for (const command of program.commands) {
    command.showHelpAfterError(`(crossroom ${command.name()} --help lists its options)`);
  }
  program.addHelpText(
    "after",
    () => `\nWithout a command the server starts. Its options:\n\n${optionsOf(start)}\n\n${START_NOTE}`,
  );
  return program;
}

function optionsOf(command: Command): string {
  const help = command.createHelp();
  const width = help.padWidth(command, help);
  return help
    .visibleOptions(command)
    .map((option) => help.formatItem(help.optionTerm(option), width, help.optionDescription(option), help))
    .join("\n");
}
