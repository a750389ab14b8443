/** The server under test, a process of its own: `serve.js STORE FOLDER`. What it costs a client to send much is not limited. */
import { createServer } from "node:http";
import { loadOwnKey, newOwnKey } from "../../../server/auth/own-key.js";
import { createMemoryStore, createRoomsServer, storeOptions } from "../../../server/index.js";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import { listen } from "../../shared/listen.js";
import { answerQuestions } from "../../shared/questions.js";
import { usage } from "../../shared/usage.js";
import type { StoreName } from "../settings.js";

/** More than anybody can send: calls a second, and calls at a time. */
const UNLIMITED = 1_000_000;

const [name, folder] = process.argv.slice(2) as [StoreName, string];

const isDurable = name === "lmdb";
const store = isDurable ? await openLmdbStore(folder, storeOptions()) : createMemoryStore(storeOptions());
const http = createServer();
createRoomsServer(http, {
  store,
  // As `npm start` has it: guests come back as themselves where there is a data folder.
  tokens: { ownKey: isDurable ? await loadOwnKey(folder) : newOwnKey() },
  limits: { messagesPerSecond: UNLIMITED, pendingCalls: UNLIMITED },
  bridge: { maxMessagesPerSecond: UNLIMITED },
  // So far apart that none falls into a run. Milliseconds.
  heartbeat: { pingInterval: 900_000, pingTimeout: 900_000 },
  log: {
    debug: () => undefined,
    warn: () => undefined,
    error: ({ err }: { err?: unknown }, message) => console.error(`the server: ${message}`, err),
  },
});
answerQuestions({ port: await listen(http) }, usage);
