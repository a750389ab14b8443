/**
 * The server that the fuzz test attacks, in a process of its own: its memory is its own, and so is its crash. The test
 * speaks with it over IPC (`Question`, `Answer`).
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getHeapStatistics } from "node:v8";
import { Server } from "socket.io";
import { attachBridge, GatheringWebSocketServer, RoomAdapter } from "../../../bridge/index.js";
import { collectGarbage } from "../../support/garbage.js";

/** With "memory", the server collects its garbage first. With "stop" it ends, and its exit code says how. */
export type Question = "memory" | "stop";

export type Answer =
  | { type: "listening"; port: number }
  | {
      type: "memory";
      /** Bytes. */
      heapUsed: number;
      external: number;
      /**
       * Resident, outside of V8's heap. Not all that is resident: V8 doubles its young generation under load and keeps it when it is
       * empty. On Node 24 that made 77 MB of three steps and then none, while 17.5 MB were used and 5 MB came to the rest.
       */
      native: number;
      clients: number;
      /** Own properties of Object.prototype that were not there at the start. */
      pollution: string[];
      /** How many numbers the honest clients were sent. */
      ticks: number;
    };

/** Milliseconds between two pairs of numbers for the honest clients. */
const TICK = 10;

/** Far more than anybody sends. */
const NO_LIMIT = 1_000_000_000;

const clean = new Set(Reflect.ownKeys(Object.prototype));
const http = createServer((_request, response) => response.writeHead(404).end());
// A request for another path gets no answer for a second otherwise.
const io = new Server(http, {
  adapter: RoomAdapter,
  wsEngine: GatheringWebSocketServer,
  serveClient: false,
  destroyUpgradeTimeout: 50,
});
const loose = { maxMessagesPerSecond: NO_LIMIT, maxMalformedPerMinute: NO_LIMIT };
// So few, that a place which is not given back is missed.
attachBridge(io, http, { ...loose, maxConnections: 64, closeTimeout: 500 });
attachBridge(io, http, { path: "/default" });

for (const ns of ["/", "/other"]) {
  io.of(ns).on("connection", (socket) => {
    let seen = 0;
    void socket.join("room");
    socket.onAny((event: string, ...args: unknown[]) => {
      seen++;
      const ack = args.at(-1);
      if (typeof ack === "function")
        (ack as (...answer: unknown[]) => void)(...answer(event, args.slice(0, -1)));
    });
    /** What the fuzzer compares: that the values came, and how many events did. */
    function answer(event: string, args: unknown[]): unknown[] {
      return event === "barrier" ? [seen] : args;
    }
  });
}
io.of("/refused").use((_socket, next) => next(new Error("nobody")));

let ticks = 0;
setInterval(() => {
  // Two in one turn, among the acks and errors of the fuzzers.
  for (let count = 0; count < 2; count++) io.to("room").emit("tick", ++ticks);
}, TICK);

process.on("message", (question: Question) => {
  if (question === "stop") {
    void io.close().then(() => process.exit());
    return;
  }
  void memory().then(tell);
});

async function memory(): Promise<Answer> {
  await collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const native = rss - getHeapStatistics().total_physical_size;
  const pollution = Reflect.ownKeys(Object.prototype)
    .filter((key) => !clean.has(key))
    .map(String);
  return { type: "memory", heapUsed, external, native, clients: io.engine.clientsCount, pollution, ticks };
}

function tell(answer: Answer): void {
  process.send?.(answer);
}

http.listen(0, "127.0.0.1", () => tell({ type: "listening", port: (http.address() as AddressInfo).port }));
