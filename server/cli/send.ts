/** `crossroom send`: a message into a user's inbox. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Option, type Command } from "commander";
import type { InboxReceipt } from "@crossroom/client/rooms";
import type { Position } from "../api/types.js";
import { MAX_ID, userSchema } from "../api/values.js";
import {
  addConnectOptions,
  check,
  connect,
  warnOfConnection,
  type ConnectFlags,
  type Connection,
} from "./connect.js";
import { readMessage } from "./message-input.js";
import { RefusedError } from "./refused-error.js";
import { shownMessage } from "./room-view.js";
import { shownText, toJson } from "./shown.js";
import { terminalOf, type Terminal } from "./terminal.js";
import { DEFAULT_TIMEOUT, parseTimeout, within } from "./waiting.js";

interface SendFlags extends ConnectFlags {
  receipt?: true;
  timeout?: string;
  json?: true;
}

/** Milliseconds for the ack of an ack. */
const ACK_TIMEOUT = 5_000;

export function addSendCommand(program: Command, terminal: Terminal = terminalOf(process)): void {
  const command = program
    .command("send")
    .description("send a message to a user's inbox, whether they are connected or not")
    .argument("<user>", "the id of the user")
    .argument("[text]", "the message; if left out, it is read from standard input");
  addConnectOptions(command)
    .addOption(new Option("--receipt", "wait until one of the user's devices has processed it"))
    .addOption(
      new Option(
        "--timeout <duration>",
        `how long to wait; with --receipt for ever if left out (default: ${DEFAULT_TIMEOUT})`,
      ),
    )
    .addOption(new Option("--json", "the message is a JSON value, and so is each line of the output"))
    .addHelpText(
      "after",
      "\nWith --receipt this is a device of yours for as long as it waits: what is in your inbox is shown on standard\n" +
        "error, and processed with that. Exit codes: 0 it was sent, 1 it was refused or there was no answer, 2 wrong usage.",
    )
    .action((user: string, message: string | undefined, flags: SendFlags) =>
      send(user, message, flags, terminal),
    );
}

async function send(
  to: string,
  message: string | undefined,
  flags: SendFlags,
  terminal: Terminal,
): Promise<void> {
  check("USER", userSchema.safeParse(to));
  const wantsReceipt = flags.receipt === true;
  const timeout = parseTimeout(flags.timeout ?? (wantsReceipt ? undefined : DEFAULT_TIMEOUT));
  const data = await readMessage(message, flags.json === true, terminal);
  const connection = connect(wantsReceipt ? { device: ownDevice(), ...flags } : flags, terminal);
  const { rooms } = connection;
  const warn = (line: string): void => void terminal.errors.write(`${shownText(line)}\n`);
  warnOfConnection(rooms, (reason) => warn(`warning: ${reason}`));
  const print = (line: string): void => void terminal.output.write(`${line}\n`);
  const say = flags.json === true ? jsonLines(print) : textLines(print);
  let isKept = false;
  try {
    await within(timeout, deliver(), () =>
      isKept
        ? `it is kept in the inbox of ${shownText(to)}, and no device has processed it yet`
        : "whether it arrived is not known",
    );
  } catch (error) {
    throw error instanceof Error ? new RefusedError(error.message, { cause: error }) : error;
  } finally {
    rooms.close();
  }

  async function deliver(): Promise<void> {
    const id = randomUUID();
    // First, so that the receipt cannot come before there is someone who waits for it.
    const receipt = wantsReceipt ? await expectReceipt(connection, id, terminal) : undefined;
    const sending = rooms.send(to, data, { id, ...(wantsReceipt ? { receipt: true } : {}) });
    await Promise.all([
      sending.then((result) => {
        isKept = true;
        say.sent(to, result);
      }),
      receipt?.arrived.then((item) => say.processed(to, item)),
    ]);
  }
}

interface Lines {
  sent(to: string, result: { id: string; at: number }): void;
  processed(by: string, receipt: { id: string; at: number }): void;
}

function textLines(print: (line: string) => void): Lines {
  return {
    sent: (to, { id }) => print(`sent to ${shownText(to)} (${id})`),
    processed: (by) => print(`${shownText(by)} has processed it`),
  };
}

function jsonLines(print: (line: string) => void): Lines {
  return {
    sent: (to, { id, at }) => print(toJson({ type: "sent", to, id, at })),
    processed: (_by, receipt) => print(toJson(receipt)),
  };
}

/** Opens the inbox. `arrived` resolves when the receipt is there and acked, and rejects if the session ends before. */
async function expectReceipt(
  { rooms, socket }: Connection,
  id: string,
  { errors, now }: Terminal,
): Promise<{ arrived: Promise<InboxReceipt> }> {
  let found: (receipt: InboxReceipt) => void = () => undefined;
  const arrived = new Promise<InboxReceipt>((resolve, reject) => {
    found = resolve;
    rooms.on("end", reject);
  });
  const opened = rooms.inbox.process(async (item) => {
    if (item.type === "message") {
      errors.write(`${shownMessage(item, now())}\n`);
    } else if (item.id === id) {
      // The command ends with this, so it cannot be left to the layer: a disconnect right behind an ack outruns it.
      await ackItem(socket, item.position);
      found(item);
    }
  });
  await Promise.race([opened, arrived]);
  return { arrived };
}

/** Resolves when the server has it that everything up to a position is processed. */
function ackItem(socket: Connection["socket"], position: Position): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.timeout(ACK_TIMEOUT).emit("inbox_ack", { position }, (error, answer) => {
      if (error !== null) reject(error);
      else if (answer.ok) resolve();
      else reject(new Error(answer.error.message));
    });
  });
}

/** The same each time, as an inbox remembers its devices. */
function ownDevice(): string {
  return `crossroom-send@${hostname()}`.slice(0, MAX_ID);
}
