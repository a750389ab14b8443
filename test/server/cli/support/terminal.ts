/** Runs a command in this process, on streams that a test writes and reads. */
import { PassThrough } from "node:stream";
import { addBackupCommands } from "../../../../server/cli/backup.js";
import { addInspectCommand } from "../../../../server/cli/inspect.js";
import { addJoinCommand } from "../../../../server/cli/join.js";
import { runProgram } from "../../../../server/cli/program.js";
import { addPublishCommand } from "../../../../server/cli/publish.js";
import { addSendCommand } from "../../../../server/cli/send.js";
import type { Terminal } from "../../../../server/cli/terminal.js";
import { within } from "../../../support/deadline.js";
import { Inbox } from "../../support/inbox.js";

export class TestTerminal implements Terminal {
  readonly env: Record<string, string>;
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  readonly errors = new PassThrough();
  readonly now = Date.now;
  /** What was printed, whole lines. */
  readonly lines = new Inbox<string>();
  readonly problems = new Inbox<string>();
  /** All of it, as it was printed. */
  printed = "";
  readonly #exit: Promise<number | undefined>;

  constructor(
    argv: readonly string[],
    { env = {}, isTyped = false }: { env?: Record<string, string>; isTyped?: boolean } = {},
  ) {
    this.env = env;
    if (isTyped)
      for (const stream of [this.input, this.output]) Object.assign(stream, { isTTY: true, columns: 80 });
    this.output.setEncoding("utf8").on("data", (text: string) => (this.printed += text));
    putLines(this.output, this.lines);
    putLines(this.errors, this.problems);
    const print = (text: string): void => void this.output.write(text);
    const printError = (text: string): void => void this.errors.write(text);
    const start = (): never => {
      throw new Error("no server is started here");
    };
    const context = {
      ...{ env, version: "0", readText: () => "", print, printError, start, now: this.now },
      check: () => Promise.resolve(),
    };
    this.#exit = runProgram(argv, context, [
      (program) => addBackupCommands(program, this),
      (program) => addJoinCommand(program, this),
      (program) => addPublishCommand(program, this),
      (program) => addSendCommand(program, this),
      (program) => addInspectCommand(program, this),
    ]);
  }

  /** Writes a line, as if typed or piped in. */
  type(line: string): void {
    this.input.write(`${line}\n`);
  }

  /** The next line that was printed. */
  line(): Promise<string> {
    return this.lines.next("a line of output");
  }

  /** The next line that was printed, of `--json`. */
  async json(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.line()) as Record<string, unknown>;
  }

  /** Ends the input, if it has not ended, and resolves to the exit code. */
  async end(): Promise<number> {
    this.input.end();
    return this.exited();
  }

  async exited(): Promise<number> {
    return (await within(this.#exit, "the command to end")) ?? 0;
  }
}

function putLines(stream: PassThrough, lines: Inbox<string>): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) lines.put(part);
  });
}
