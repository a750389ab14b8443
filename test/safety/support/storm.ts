/** Clients whose requests a server finds all in one tick of its event loop, which is this process's. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { until, within } from "../../support/deadline.js";
import { holdTheLoop } from "../../support/hold-the-loop.js";
import type { BridgeServer } from "./bridge-server.js";

/** One of them. */
export interface Came {
  readonly socket: Socket;
  /** What was answered, as far as it has come. */
  answer: string;
}

/** Milliseconds in which the requests are on their way. */
const ON_THE_WAY = 15;

/** To a server without other connections. */
export async function sendAtOnce(server: BridgeServer, requests: readonly string[]): Promise<Came[]> {
  const all = requests.map(() => {
    const came: Came = { socket: connect(server.port, "127.0.0.1"), answer: "" };
    came.socket.on("data", (chunk: Buffer) => (came.answer += chunk.toString("latin1")));
    came.socket.on("error", () => came.socket.destroy());
    return came;
  });
  await within(Promise.all(all.map(({ socket }) => once(socket, "connect"))), "the connections");
  await until(() => server.connections === requests.length, "the server to have all connections");
  for (const [i, { socket }] of all.entries()) socket.write(requests[i] ?? "");
  holdTheLoop(ON_THE_WAY);
  return all;
}
