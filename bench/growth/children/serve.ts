/** A rooms server, a process of its own: `serve.js SETUP`, which is a `ServerSetup` as JSON. What one user or address may do is not limited. */
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { setImmediate as nextTick } from "node:timers/promises";
import {
  createMemoryStore,
  createRoomsServer,
  DEFAULT_ROOM,
  loadOwnKey,
  newOwnKey,
  openLmdbStore,
  storeOptions,
  type Policy,
} from "../../../server/index.js";
import { listen } from "../../shared/listen.js";
import { answerQuestions } from "../../shared/questions.js";
import { usage } from "../../shared/usage.js";
import { LoopWatch } from "../loop-watch.js";
import { CLOSED_ROOM, FULL_ROOM } from "../message.js";
import type { ServerQuestion, ServerSetup, ServerUsage, Watched } from "../protocol.js";

/** More than anybody can do. */
const UNLIMITED = 1_000_000_000;

/** Milliseconds between two looks at the memory. */
const LOOK_EVERY = 20;

const setup = JSON.parse(process.argv[2] ?? "{}") as ServerSetup;
const isDurable = setup.store === "lmdb";
const room = { ...DEFAULT_ROOM, maxMembers: UNLIMITED, ...setup.room };
const roomSettings = (name: string) => (name === FULL_ROOM ? { ...room, maxMembers: 0 } : room);
const options = storeOptions({ roomSettings });
const { maxBytes } = setup;
const store = isDurable
  ? await openLmdbStore(setup.folder, { ...options, ...(maxBytes === undefined ? {} : { maxBytes }) })
  : createMemoryStore(options);
const unlimited = { perSecond: UNLIMITED, burst: UNLIMITED };
const policy: Policy = {
  rights: (_, name) => ({
    ...{ join: true, presence: true, history: true },
    publish: !name.startsWith(CLOSED_ROOM),
  }),
  maySend: () => true,
};

const http = createServer();
createRoomsServer(http, {
  ...{ store, roomSettings, policy },
  // As `npm start` has it: guests come back as themselves where there is a data folder.
  tokens: { ownKey: isDurable ? await loadOwnKey(setup.folder) : newOwnKey() },
  demo: isDurable,
  limits: {
    ...{ messagesPerSecond: UNLIMITED, pendingCalls: UNLIMITED },
    ...{ inboxItems: UNLIMITED, inboxItemsOfSender: UNLIMITED, inboxItemsOfGuests: UNLIMITED },
    ...(setup.messageBytes === undefined ? {} : { messageBytes: setup.messageBytes }),
    rates: {
      ...{ joinsOfUser: unlimited, joinsOfAddress: unlimited },
      ...{ readsOfUser: unlimited, readsOfAddress: unlimited },
      ...{ readBytesOfUser: unlimited, readBytesOfAddress: unlimited },
      // One message, and the next in some days.
      ...(setup.isSlow === true ? { messagesOfUser: { perSecond: 1e-6, burst: 1 } } : {}),
    },
  },
  ...(setup.presenceGrace === undefined ? {} : { presenceGrace: setup.presenceGrace }),
  bridge: { maxConnectionsPerAddress: UNLIMITED, maxMessagesPerSecond: UNLIMITED },
  // So far apart that none falls into a run. Milliseconds.
  heartbeat: { pingInterval: 1_200_000, pingTimeout: 1_200_000 },
  log: {
    debug: () => undefined,
    warn: () => undefined,
    error: ({ err }: { err?: unknown }, message) => {
      if (maxBytes === undefined) console.error(`the server: ${message}`, err);
    },
  },
});

const loop = new LoopWatch();
let peakRss = 0;
let looks: NodeJS.Timeout | undefined;

answerQuestions(
  { port: await listen(http) },
  async (question: ServerQuestion): Promise<object | ServerUsage | Watched> => {
    switch (question.ask) {
      case "usage":
        if (question.gc) await collectGarbage();
        return {
          ...usage(),
          heap: process.memoryUsage().heapUsed,
          descriptors: readdirSync("/proc/self/fd").length,
        };
      case "watch":
        peakRss = process.memoryUsage.rss();
        clearInterval(looks);
        looks = setInterval(() => {
          peakRss = Math.max(peakRss, process.memoryUsage.rss());
        }, LOOK_EVERY).unref();
        loop.start();
        return {};
      case "watched": {
        const delay = await loop.delay();
        loop.stop();
        clearInterval(looks);
        return { loop: delay, peakRss };
      }
    }
  },
);

/** Twice: what the first run finalises, the second one frees. */
async function collectGarbage(): Promise<void> {
  if (!globalThis.gc) throw new Error("start with --expose-gc");
  globalThis.gc();
  await nextTick();
  globalThis.gc();
}
