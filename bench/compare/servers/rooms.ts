/** The rooms server as `npm start` has it, with its data in the folder that is given. What one address may do is not what is measured. */
import { createServer } from "node:http";
import { createRoomsServer, DEFAULT_ROOM, loadOwnKey, openLmdbStore, storeOptions } from "crossroom";
import { listen } from "../../shared/listen.js";
import { args, HEARTBEAT, keepAlive, serve } from "../serve.js";

const UNLIMITED = 1_000_000_000;
const [folder = ""] = args;

const roomSettings = () => DEFAULT_ROOM;
const store = await openLmdbStore(folder, storeOptions({ roomSettings }));
const tokens = { ownKey: await loadOwnKey(folder) };
const joins = { perSecond: UNLIMITED, burst: UNLIMITED };
const http = keepAlive(createServer());
createRoomsServer(http, {
  ...{ store, tokens, roomSettings },
  heartbeat: { pingInterval: HEARTBEAT, pingTimeout: 20_000 },
  limits: { messagesPerSecond: UNLIMITED, rates: { joinsOfUser: joins, joinsOfAddress: joins } },
  bridge: { maxConnectionsPerAddress: UNLIMITED, maxMessagesPerSecond: UNLIMITED },
  log: {
    debug: () => undefined,
    warn: () => undefined,
    error: ({ err }: { err?: unknown }, message) => console.error(`the rooms server: ${message}`, err),
  },
});

serve({ port: await listen(http) });
