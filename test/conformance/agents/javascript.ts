/**
 * The agent of socket.io-client and of the TypeScript client, which have one API: `javascript.js CLIENT [WRONG]`. WRONG is what it does
 * wrong on purpose (wrong.ts).
 */
import { createInterface } from "node:readline";
import * as socketIo from "socket.io-client";
import { WebSocket } from "ws";
import * as plain from "../../../clients/typescript/src/index.js";
import { BridgeClient, type SocketManager } from "./bridge-client.js";
import { CommandError, errorOf, type Fields, type Host, text } from "./host.js";
import { RoomsClient } from "./rooms-client.js";
import { faultOf } from "./wrong.js";

interface AgentClient {
  /** A command's value; undefined where it has none. */
  do(name: string, fields: Fields, id: number): unknown;
  close(timeout?: number): unknown;
}

const [kind = "", wrong = ""] = process.argv.slice(2);
const fault = faultOf(wrong);
const transports = process.env["CROSSROOM_TRANSPORTS"] ?? "";
const ways = transports === "" ? {} : { transports: transports.split(",") };
const clients = new Map<string, AgentClient>();
const storages = new Map<string, Map<string, string>>();
const write = (line: Fields): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function open(name: string, fields: Fields): void {
  if (clients.has(name)) throw new CommandError("in_use", `there is a client ${name} already`);
  const host: Host = {
    report: (event, more = {}) => fault.report({ client: name, event, ...more }, write),
    storage: (of) => {
      const storage = storages.get(of) ?? new Map<string, string>();
      storages.set(of, storage);
      return storage;
    },
  };
  const manager = makeManager(fields);
  const layer = text(fields, "layer");
  const client =
    layer === "rooms"
      ? new RoomsClient(manager, fields, host)
      : new BridgeClient(manager, fields, host, fault);
  clients.set(name, client);
}

/** socket.io-client's polling is left out: a scenario counts and cuts connections. */
function makeManager(fields: Fields): SocketManager {
  const url = text(fields, "url");
  const { min, max, timeout } = (fields["reconnect"] ?? {}) as {
    min?: number;
    max?: number;
    timeout?: number;
  };
  const options = {
    autoConnect: false,
    ...(min === undefined ? {} : { reconnectionDelay: min }),
    ...(max === undefined ? {} : { reconnectionDelayMax: max }),
    ...(timeout === undefined ? {} : { timeout }),
    extraHeaders: (fields["headers"] ?? {}) as Record<string, string>,
  };
  // The two differ in types that no command depends on.
  if (kind === "socket.io-client") {
    return new socketIo.Manager(url, { ...options, transports: ["websocket"] }) as unknown as SocketManager;
  }
  const path = typeof fields["path"] === "string" ? { path: fields["path"] } : {};
  return new plain.Manager(url, { ...options, ...path, ...ways, WebSocket }) as unknown as SocketManager;
}

async function carryOut(id: number, fields: Fields): Promise<unknown> {
  const command = text(fields, "do");
  if (command === "exit") return exit();
  const name = text(fields, "client");
  if (command === "open") return open(name, fields);
  const client = clients.get(name);
  if (client === undefined) throw new CommandError("closed", `there is no client ${name}`);
  if (command === "close") {
    clients.delete(name);
    const { timeout } = fields;
    return await client.close(typeof timeout === "number" ? timeout : undefined);
  }
  return await client.do(command, fields, id);
}

/** The program ends when nothing is left that could call back. */
function exit(): void {
  for (const client of clients.values()) client.close();
  clients.clear();
  lines.close();
  process.stdin.destroy();
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, ...fields } = JSON.parse(line) as Fields & { id: number };
  carryOut(id, fields).then(
    (value) => write({ id, ok: true, ...(value === undefined ? {} : { value }) }),
    (error: unknown) => write({ id, ok: false, error: errorOf(error) }),
  );
});
lines.on("close", () => {
  for (const client of clients.values()) client.close();
});
write({ ready: { client: kind, version: "0.1.0" } });
