/** Requests with any target, which `fetch` would make another one of. */
import { connect } from "node:net";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, type WebSocketServer } from "ws";
import { within } from "../../../support/deadline.js";

export interface Answer {
  status: number;
  /** The head and the body, as they came. */
  text: string;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${portOf(server)}`;
}

/** What is answered to a request with this target, as it stands, until the server ends the connection. */
export async function ask(
  url: string,
  target: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const { port, host } = new URL(url);
  const all = { host, connection: "close", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(port), "127.0.0.1");
  let text = "";
  const ended = new Promise<void>((resolve, reject) => {
    socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
    socket.once("end", resolve).once("error", reject);
  });
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  try {
    await within(ended, `the answer to ${method} ${target}`);
  } finally {
    socket.destroy();
  }
  // Behind a 100 Continue comes the real one.
  const head = text.replace(/^HTTP\/1\.1 100 .*?\r\n\r\n/s, "");
  return { status: Number(head.split(" ", 2)[1]), text: head };
}

/** What is answered to an upgrade to WebSocket: 101 where it is made, and then the first message where one is awaited. */
export async function upgrade(url: string, path: string): Promise<number | undefined> {
  const ws = new WebSocket(url.replace("http", "ws") + path);
  const answered = new Promise<number | undefined>((resolve, reject) => {
    ws.once("error", reject);
    ws.once("open", () => resolve(101));
    ws.once("unexpected-response", (_request, response) => resolve(response.statusCode));
  });
  try {
    return await within(answered, `an answer to the upgrade at ${path}`);
  } finally {
    ws.on("error", () => undefined); // it is closed before it was open
    ws.terminate();
  }
}

/** Serves WebSockets of an application at one path, and leaves the other upgrades alone. */
export function serveOwnSockets(server: Server, wss: WebSocketServer, path: string): void {
  server.on("upgrade", (request, socket, head) => {
    if (request.url === path) wss.handleUpgrade(request, socket, head, () => undefined);
  });
}
