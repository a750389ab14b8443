/** uWebSockets, as embedded in Bun: `server.publish`. Runs in Bun alone; no other file of this folder knows it. */
import { messageMaker, plainText, ROOM } from "../message.js";
import { frameBytesArgument, serve } from "../serve.js";
import { HEARTBEAT } from "../subjects.js";

/** The little of Bun's API that is used here (Bun 1.4). */
declare const Bun: {
  gc(force: boolean): void;
  serve(options: {
    port: number;
    hostname: string;
    fetch(request: Request, server: BunServer): Response | undefined;
    websocket: {
      idleTimeout: number;
      sendPings: boolean;
      open(socket: { subscribe(topic: string): void }): void;
      message(): void;
    };
  }): BunServer;
};
interface BunServer {
  readonly port: number;
  upgrade(request: Request): boolean;
  publish(topic: string, data: string): number;
}

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response("a WebSocket is wanted", { status: 426 }),
  websocket: {
    // Seconds; 960 is the most that Bun takes.
    idleTimeout: Math.min(960, HEARTBEAT.pingInterval / 1000),
    sendPings: false,
    open: (socket) => socket.subscribe(ROOM),
    message: () => undefined,
  },
});
const message = messageMaker("plain", frameBytesArgument());

serve({
  port: server.port,
  broadcast: (n) => server.publish(ROOM, plainText(message(n))),
  collectGarbage: () => Bun.gc(true),
});
