/** `crossroom inspect`: what is in a data folder, or in a running server. */
import { Option, type Command } from "commander";
import { ConfigError } from "../config/config-error.js";
import { DEFAULT_CONFIG } from "../config/config.js";
import { MAX_PAGE, roomSchema } from "../api/values.js";
import { check, serverUrl } from "./connect.js";
import { inspectFolder } from "./inspect-folder.js";
import { inspectServer } from "./inspect-server.js";
import type { InboxRow, InspectSource, LogRow, RoomRow } from "./inspect-source.js";
import { RefusedError } from "./refused-error.js";
import { shownMessage } from "./room-view.js";
import { shownPosition, shownTable, shownText, shownTime, toJson } from "./shown.js";
import { given, terminalOf, type Terminal } from "./terminal.js";

interface InspectFlags {
  url?: string;
  token?: string;
  room?: string;
  last?: string;
  json?: true;
}

/** Rows that are asked for at a time: as many as a server gives. */
const PAGE = 1_000;

export function addInspectCommand(program: Command, terminal: Terminal = terminalOf(process)): void {
  const folder = DEFAULT_CONFIG.data ?? ".";
  program
    .command("inspect")
    .description("show the rooms and inboxes of a data folder, or of a running server")
    .argument("[where]", `a data folder, or a server's URL (env: DATA, default: ./${folder})`)
    .addOption(new Option("--url <url>", "the same as a URL for an argument"))
    .addOption(
      new Option(
        "-t, --token <token>",
        "an operator's, for a server: see crossroom revoke (env: CROSSROOM_TOKEN)",
      ),
    )
    .addOption(new Option("--room <name>", "show this room alone, and its last messages"))
    .addOption(new Option("--last <count>", "how many messages, at most").default("20"))
    .addOption(new Option("--json", "as one JSON object"))
    .action((where: string | undefined, flags: InspectFlags) => inspect(where, flags, terminal));
}

async function inspect(where: string | undefined, flags: InspectFlags, terminal: Terminal): Promise<void> {
  check("--room", roomSchema.optional().safeParse(flags.room));
  const last = parseLast(flags.last ?? "20");
  const source = await open(where, flags, terminal);
  try {
    const isJson = flags.json === true;
    const lines =
      flags.room === undefined
        ? await summary(source, isJson, terminal)
        : await detail(source, flags.room, last, isJson, terminal);
    terminal.output.write(lines);
  } finally {
    await source.close();
  }
}

function open(where: string | undefined, flags: InspectFlags, { env }: Terminal): Promise<InspectSource> {
  if (where !== undefined && flags.url !== undefined) {
    throw new ConfigError("there are two places to look at; give --url or an argument, not both");
  }
  const isUrl = flags.url !== undefined || /^https?:\/\//.test(where ?? "");
  if (!isUrl) return inspectFolder(given(where, env["DATA"]) ?? DEFAULT_CONFIG.data ?? ".");
  const token = given(flags.token, env["CROSSROOM_TOKEN"]);
  return Promise.resolve(inspectServer(serverUrl(flags.url ?? where, env), token));
}

async function summary(source: InspectSource, isJson: boolean, { now }: Terminal): Promise<string> {
  const rooms = await all(
    (after) => source.rooms(after, PAGE),
    ({ room }) => room,
  );
  const inboxes = await all(
    (after) => source.inboxes(after, PAGE),
    ({ user }) => user,
  );
  if (isJson) return `${toJson({ rooms, inboxes })}\n`;
  return `${roomTable(rooms)}\n${inboxTable(inboxes, now())}`;
}

/** Every row, page by page. */
async function all<Row>(page: (after: string) => Promise<Row[]>, name: (row: Row) => string): Promise<Row[]> {
  const rows: Row[] = [];
  for (;;) {
    const last = rows.at(-1);
    const next = await page(last === undefined ? "" : name(last));
    rows.push(...next);
    if (next.length < PAGE) return rows;
  }
}

const NUMBERS = ["OFFSET", "OLDEST", "KEPT", "MEMBERS", "WAITING"];

function roomTable(rooms: readonly RoomRow[]): string {
  if (rooms.length === 0) return "There are no rooms.\n";
  const heads = ["ROOM", "EPOCH", "OFFSET", "OLDEST", "KEPT", "MEMBERS"];
  const cells = rooms.map((row) => [shownText(row.room), ...logCells(row), String(row.members ?? "-")]);
  return shownTable(heads, cells, NUMBERS);
}

/** A row for each device, as each has its own cursor. */
function inboxTable(inboxes: readonly InboxRow[], now: number): string {
  if (inboxes.length === 0) return "There are no inboxes.\n";
  const heads = ["INBOX OF", "EPOCH", "OFFSET", "OLDEST", "KEPT", "DEVICE", "WAITING", "SEEN"];
  const cells = inboxes.flatMap((row) => {
    const inbox = [shownText(row.user), ...logCells(row)];
    if (row.devices.length === 0) return [[...inbox, "-"]];
    return row.devices.map(({ device, cursor, seen }) => [
      ...inbox,
      shownText(device),
      String(waiting(row, cursor.epoch, cursor.offset)),
      shownTime(seen, now),
    ]);
  });
  return shownTable(heads, cells, NUMBERS);
}

function logCells({ position, first }: LogRow): string[] {
  return [shownText(position.epoch), ...[position.offset, first, kept({ position, first })].map(String)];
}

function kept({ position, first }: LogRow): number {
  return position.offset - first + 1;
}

/** Items that are kept and that the device has not processed. */
function waiting(row: LogRow, epoch: string, offset: number): number {
  return epoch === row.position.epoch ? Math.min(row.position.offset - offset, kept(row)) : kept(row);
}

async function detail(
  source: InspectSource,
  name: string,
  last: number,
  isJson: boolean,
  { now }: Terminal,
): Promise<string> {
  const room = await source.room(name, last);
  if (room === undefined) throw new RefusedError(`there is nothing of a room ${JSON.stringify(name)}`);
  if (isJson) return `${toJson(room)}\n`;
  const lines = room.messages.map(
    (message) => `${shownPosition(message.position)} ${shownMessage(message, now())}\n`,
  );
  return [roomTable([room]), ...(lines.length === 0 ? [] : ["\n", ...lines])].join("");
}

function parseLast(text: string): number {
  const last = Number(text);
  if (!/^\d{1,4}$/.test(text) || last < 1 || last > MAX_PAGE) {
    throw new ConfigError(
      `--last: ${JSON.stringify(text)} is no number of messages; give one from 1 to ${MAX_PAGE}`,
    );
  }
  return last;
}
