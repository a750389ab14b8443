/**
 * The server of the soak, a process of its own: a rooms server with the store on disk. `serve.js FOLDER PORT [BREAK]`.
 * A number on a line of its input sets its clock wrong by so many milliseconds. It ends in good order at SIGTERM, and at once when the runner is gone.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { secretSource } from "../../../server/auth/keys.js";
import {
  createRoomsServer,
  DEFAULT_ROOM,
  type RoomsServerOptions,
  storeOptions,
} from "../../../server/index.js";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import { breakServer, broken, isBreak } from "./faults.js";
import { HEARTBEAT, type Report, ROOMS, SECRET } from "./settings.js";

const [folder = "", port = "0", brokenBy = ""] = process.argv.slice(2);

const say = (report: Report): void => void process.stdout.write(`${JSON.stringify(report)}\n`);

const roomSettings: NonNullable<RoomsServerOptions["roomSettings"]> = (name) => {
  const count = ROOMS.find(({ room }) => room === name)?.keeps;
  const { history } = DEFAULT_ROOM;
  return { ...DEFAULT_ROOM, history: { ...history, ...(count === undefined ? {} : { count }) } };
};

let clockOffset = 0;
const now = (): number => Date.now() + clockOffset;

const opened = await openLmdbStore(folder, storeOptions({ roomSettings, now }));
const store = isBreak(brokenBy) ? broken(opened, brokenBy) : opened;
const http = createServer();
const server = createRoomsServer(http, {
  store,
  roomSettings,
  now,
  tokens: { keys: [secretSource(SECRET, "the soak")], guests: false },
  heartbeat: HEARTBEAT,
  presenceGrace: 1_000,
  log: {
    debug: () => undefined,
    // Limits that a flood meets are no failure.
    warn: () => undefined,
    error: ({ err, ...fields }: { err?: unknown }, message) => {
      const why = err instanceof Error ? (err.stack ?? err.message) : JSON.stringify({ err, ...fields });
      say({ state: "failed", detail: `${message}: ${why}` });
    },
  },
});
if (isBreak(brokenBy)) breakServer(server.io, brokenBy);
http.listen(Number(port), "127.0.0.1", () => {
  say({ state: "ready", port: (http.address() as AddressInfo).port });
});

createInterface({ input: process.stdin })
  .on("line", (line) => (clockOffset = Number(line)))
  .on("close", () => process.exit(1));
process.once("SIGTERM", () => {
  // Not left to end by itself: for each polling client that had fallen silent, Engine.IO (6.6) keeps the process for 30 s.
  void server
    .close({ http: true })
    .then(() => store.close())
    .then(() => process.exit());
});
