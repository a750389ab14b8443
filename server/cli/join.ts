/** `crossroom join`: a room in the terminal. */
import { Option, type Command } from "commander";
import { ConfigError } from "../config/config-error.js";
import { roomSchema } from "../api/values.js";
import { addConnectOptions, check, connect, warnOfConnection, type ConnectFlags } from "./connect.js";
import { LineInput } from "./line-input.js";
import { stayInRoom } from "./stay-in-room.js";
import { jsonView, textView } from "./room-view.js";
import { parsePosition, shownText } from "./shown.js";
import { terminalOf, type Terminal } from "./terminal.js";
import { DEFAULT_TIMEOUT, parseTimeout } from "./waiting.js";

interface JoinFlags extends ConnectFlags {
  history?: string;
  since?: string;
  timeout?: string;
  json?: true;
}

export function addJoinCommand(program: Command, terminal: Terminal = terminalOf(process)): void {
  const command = program
    .command("join")
    .description("be in a room: see what is published there, and publish each line that you type")
    .argument("<room>", "the room");
  addConnectOptions(command)
    .addOption(new Option("--history <count>", "first show so many of the last messages").conflicts("since"))
    .addOption(
      new Option("--since <position>", "first show what was published after a position, EPOCH:OFFSET"),
    )
    .addOption(
      new Option(
        "--timeout <duration>",
        `how long to wait for an answer of the server; for ever in a terminal, else ${DEFAULT_TIMEOUT}, if left out`,
      ),
    )
    .addOption(new Option("--json", "a JSON object in each line out, a JSON value in each line in"))
    .addHelpText(
      "after",
      "\nCtrl-D leaves. A connection that is lost is made again, and what was missed is shown.",
    )
    .action((room: string, flags: JoinFlags) => join(room, flags, terminal));
}

async function join(room: string, flags: JoinFlags, terminal: Terminal): Promise<void> {
  check("ROOM", roomSchema.safeParse(room));
  const history = parseCount(flags.history ?? "0");
  const isTerminal = terminal.input.isTTY === true;
  const timeout = parseTimeout(flags.timeout ?? (isTerminal ? undefined : DEFAULT_TIMEOUT));
  const since = flags.since === undefined ? undefined : positionIn(flags.since);
  const { rooms } = connect(flags, terminal);
  const isJson = flags.json === true;
  const lines = new LineInput(terminal, isJson);
  // Whoever reads the output has enough of it: `crossroom join lobby | head`.
  const unread = new AbortController();
  terminal.output.on("error", () => {
    unread.abort();
    lines.close();
    rooms.close();
  });
  const warn = (text: string): void => void terminal.errors.write(`warning: ${shownText(text)}\n`);
  warnOfConnection(rooms, warn);
  const styled = terminal.output.isTTY === true && (terminal.env["NO_COLOR"] ?? "") === "";
  const stay = {
    ...{ rooms, room, lines, history, timeout, warn },
    view: isJson ? jsonView(room, lines.print) : textView(room, lines.print, styled, terminal.now),
    read: isJson ? (line: string) => JSON.parse(line) as unknown : (line: string) => line,
    ...(since === undefined ? {} : { since }),
  };
  try {
    await stayInRoom(stay);
  } catch (error) {
    if (!unread.signal.aborted) throw error;
  }
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) {
    throw new ConfigError(`--history: ${JSON.stringify(text)} is no number of messages; give one like 50`);
  }
  return Number(text);
}

function positionIn(text: string): { epoch: string; offset: number } {
  const position = parsePosition(text);
  if (position === undefined) {
    throw new ConfigError(
      `--since: ${JSON.stringify(text)} is no position; give one as join shows it: EPOCH:OFFSET`,
    );
  }
  return position;
}
