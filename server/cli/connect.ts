/** The options of the commands that connect to a server, and the connection: over the bridge, as any plain client. */
import { Option, type Command } from "commander";
import { WebSocket } from "ws";
import { DEFAULT_PATH } from "@crossroom/bridge";
import { createRooms, type Rooms } from "@crossroom/client/rooms";
import { io, TransportError, type Socket, type TransportName } from "@crossroom/client";
import { ConfigError } from "../config/config-error.js";
import type { ClientEvents, ServerEvents } from "../api/types.js";
import { describe } from "../api/describe.js";
import { deviceSchema, nameSchema } from "../api/values.js";
import { given, type Terminal } from "./terminal.js";

const WAYS: readonly TransportName[] = ["websocket", "sse", "polling"];

const DEFAULT_URL = "http://localhost:3000";

export interface ConnectFlags {
  url?: string;
  token?: string;
  name?: string;
  device?: string;
  transport?: TransportName;
}

export function addConnectOptions(command: Command): Command {
  return command
    .addOption(new Option("--url <url>", `where the server is (env: CROSSROOM_URL, default: ${DEFAULT_URL})`))
    .addOption(new Option("-t, --token <token>", "who you are (env: CROSSROOM_TOKEN, default: a guest)"))
    .addOption(new Option("-n, --name <name>", "the name that others see of a guest"))
    .addOption(new Option("--device <id>", "the id of this device (default: a new one)"))
    .addOption(
      new Option(
        "--transport <way>",
        "the only way to the server that is taken (default: what works)",
      ).choices(WAYS),
    );
}

export interface Connection {
  rooms: Rooms;
  /** Below `rooms`, which owns it. */
  socket: Socket<ServerEvents, ClientEvents>;
}

/** Connects, and keeps on trying. What goes wrong meanwhile is told through the `warning` event. */
export function connect(flags: ConnectFlags, { env }: Pick<Terminal, "env">): Connection {
  const url = serverUrl(flags.url, env);
  const token = given(flags.token, env["CROSSROOM_TOKEN"]);
  const { name, device, transport } = flags;
  check("--name", nameSchema.optional().safeParse(name));
  check("--device", deviceSchema.optional().safeParse(device));
  const { origin, pathname } = new URL(url);
  const socket = io<ServerEvents, ClientEvents>(origin, {
    path: `${pathname.replace(/\/$/, "")}${DEFAULT_PATH}`,
    WebSocket,
    ...(transport === undefined ? {} : { transports: [transport] }),
    autoConnect: false,
    forceNew: true,
  });
  const rooms = createRooms(socket, {
    ...(token === undefined ? {} : { token }),
    ...(name === undefined ? {} : { name }),
    ...(device === undefined ? {} : { device }),
  });
  return { rooms, socket };
}

/**
 * Scheme, host and port of the server, and the path below which it is, where a proxy has it below one; no slash at the end.
 * Throws a ConfigError.
 */
export function serverUrl(flag: string | undefined, env: Terminal["env"]): string {
  const text = given(flag, env["CROSSROOM_URL"]) ?? DEFAULT_URL;
  const from = flag === undefined ? "CROSSROOM_URL" : "--url";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^(https?|wss?):$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    throw new ConfigError(
      `${from}: ${JSON.stringify(text)} is no server's address; give one like ${DEFAULT_URL}`,
    );
  }
  return `${url.protocol.replace("ws", "http")}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
}

type Checked = Parameters<typeof describe>[0];

/** Throws a ConfigError that says what is wrong with the value of a flag. */
export function check(flag: string, result: { success: boolean; error?: Checked | undefined }): void {
  if (result.error !== undefined) throw new ConfigError(describe(result.error, flag));
}

/** Tells of attempts to connect that failed: of the same reason once, until there was a connection. */
export function warnOfConnection(rooms: Rooms, warn: (text: string) => void): void {
  let last: string | undefined;
  rooms.on("warning", (error) => {
    const reason = reasonOf(error);
    if (reason !== last) warn(`${reason}; trying again`);
    last = reason;
  });
  rooms.on("connect", () => {
    last = undefined;
  });
}

/** What went wrong, with what the system says of it. */
function reasonOf(error: Error): string {
  if (!(error instanceof TransportError)) return error.message;
  const { description } = error;
  const said =
    typeof description === "object" && description !== null && "message" in description
      ? description.message
      : undefined;
  return typeof said === "string" && said !== "" ? said : error.message;
}
