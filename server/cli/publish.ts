/** `crossroom publish`: one message to a room. */
import { Option, type Command } from "commander";
import { roomSchema } from "../api/values.js";
import { addConnectOptions, check, connect, warnOfConnection, type ConnectFlags } from "./connect.js";
import { readMessage } from "./message-input.js";
import { RefusedError } from "./refused-error.js";
import { shownPosition, shownText, toJson } from "./shown.js";
import { terminalOf, type Terminal } from "./terminal.js";
import { DEFAULT_TIMEOUT, parseTimeout, within } from "./waiting.js";

interface PublishFlags extends ConnectFlags {
  timeout?: string;
  json?: true;
}

export function addPublishCommand(program: Command, terminal: Terminal = terminalOf(process)): void {
  const command = program
    .command("publish")
    .description("publish a message to a room, and end when the server has kept it")
    .argument("<room>", "the room")
    .argument("[text]", "the message; if left out, it is read from standard input");
  addConnectOptions(command)
    .addOption(
      new Option("--timeout <duration>", `how long to wait for the server (default: ${DEFAULT_TIMEOUT})`),
    )
    .addOption(new Option("--json", "the message is a JSON value, and so is the line of the output"))
    .addHelpText(
      "after",
      "\nAll that is piped in is one message; `crossroom join` publishes each line as one.\n" +
        "Exit codes: 0 it was published, 1 it was refused or there was no answer, 2 wrong usage.",
    )
    .action((room: string, message: string | undefined, flags: PublishFlags) =>
      publish(room, message, flags, terminal),
    );
}

async function publish(
  name: string,
  message: string | undefined,
  flags: PublishFlags,
  terminal: Terminal,
): Promise<void> {
  check("ROOM", roomSchema.safeParse(name));
  const timeout = parseTimeout(flags.timeout ?? DEFAULT_TIMEOUT);
  const isJson = flags.json === true;
  const data = await readMessage(message, isJson, terminal);
  const { rooms } = connect(flags, terminal);
  warnOfConnection(rooms, (reason) => void terminal.errors.write(`warning: ${shownText(reason)}\n`));
  const room = rooms.room(name);
  try {
    await within(timeout, room.join(), () => "nothing was published");
    const published = await within(
      timeout,
      room.publish(data),
      () => "whether it was published is not known",
    );
    const line = isJson
      ? toJson({ type: "published", ...published })
      : `published to ${shownText(name)} at ${shownPosition(published.position)}`;
    terminal.output.write(`${line}\n`);
  } catch (error) {
    throw error instanceof Error ? new RefusedError(error.message, { cause: error }) : error;
  } finally {
    rooms.close();
  }
}
