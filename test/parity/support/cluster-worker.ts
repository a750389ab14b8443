/** A worker of node:cluster: a server with a bridge, that carries out the orders of the primary. */
import { createAdapter } from "@socket.io/cluster-adapter";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { attachBridge } from "../../../bridge/index.js";
import { perform, prepare, type Command } from "./fleet.js";

/** To the primary, once: where the worker listens. */
export interface Hello {
  port: number;
}

/** From the primary. */
export interface Order {
  order: number;
  command: Command;
}

/** To the primary. */
export interface Answer {
  answerTo: number;
  value: unknown;
}

const http = createServer();
const io = new Server(http, { adapter: createAdapter() });
// As `SOON_LOST`.
attachBridge(io, http, { http: { resumeTimeout: 500 } });
prepare(io, process.env["NODE_NAME"] ?? "");

process.on("message", (message: object) => {
  if (!("order" in message)) return; // the adapter's
  const { order, command } = message as Order;
  void perform(io, command).then((value) => process.send?.({ answerTo: order, value } satisfies Answer));
});
// Its own port: otherwise the workers of a cluster share one.
http.listen({ port: 0, host: "127.0.0.1", exclusive: true }, () => {
  process.send?.({ port: (http.address() as AddressInfo).port } satisfies Hello);
});
