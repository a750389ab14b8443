/** Lines that a person types or a program pipes in, and output that does not get into what is being typed. */
import {
  clearLine,
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
  type Interface,
} from "node:readline";
import type { Terminal } from "./terminal.js";

const PROMPT = "> ";

export class LineInput implements AsyncIterable<string> {
  readonly #terminal: Terminal;
  readonly #isTyped: boolean;
  #reader: Interface | undefined;
  #isClosed = false;

  /** @param quiet Nothing but the output's lines is printed: no prompt. */
  constructor(terminal: Terminal, quiet: boolean) {
    this.#terminal = terminal;
    this.#isTyped = !quiet && terminal.input.isTTY === true && terminal.output.isTTY === true;
  }

  /** Writes whole lines, above what is being typed. */
  readonly print = (lines: string): void => {
    const { output } = this.#terminal;
    if (!this.#isTyped || this.#reader === undefined) {
      output.write(`${lines}\n`);
      return;
    }
    cursorTo(output, 0);
    clearLine(output, 0);
    output.write(`${lines}\n`);
    this.#reader.prompt(true);
  };

  /** Ends the lines. */
  close(): void {
    this.#isClosed = true;
    this.#reader?.close();
    // What is not read any more must not keep the process.
    this.#terminal.input.destroy();
  }

  /** Each line as it comes, until the end of the input, Ctrl-C, or `close`. To be called once. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    if (this.#isClosed) return;
    const { input, output } = this.#terminal;
    const reader = createInterface({
      input,
      terminal: this.#isTyped,
      ...(this.#isTyped ? { output, prompt: PROMPT } : {}),
    });
    this.#reader = reader;
    reader.on("SIGINT", () => reader.close());
    if (this.#isTyped) reader.prompt();
    for await (const line of reader) {
      if (this.#isTyped) this.#wipe(line);
      yield line;
      if (this.#isTyped) reader.prompt();
    }
    this.#reader = undefined;
  }

  /** Takes the typed line away: it comes back as a message. */
  #wipe(line: string): void {
    const { output } = this.#terminal;
    // A terminal that does not know its size says 0.
    const columns = output.columns === undefined || output.columns === 0 ? 80 : output.columns;
    const rows = Math.ceil((PROMPT.length + line.length + 1) / columns);
    moveCursor(output, 0, -rows);
    clearScreenDown(output);
  }
}
