/** The rooms server: `rooms.js CHECKOUT (memory|lmdb) (presence|none) FOLDER`, with its data in FOLDER. */
import { args, importServer } from "../checkout.js";
import { HEARTBEAT, serve, UNLIMITED } from "../serve.js";

/** Milliseconds that who has gone counts as there: short, so that what it costs does not fall into another measurement. */
const PRESENCE_GRACE = 200;

const [storeName, presence, folder = ""] = args;
const isDurable = storeName === "lmdb";

const {
  createMemoryStore,
  createRoomsServer,
  DEFAULT_ROOM,
  loadOwnKey,
  newOwnKey,
  openLmdbStore,
  storeOptions,
} = await importServer();

const room = { ...DEFAULT_ROOM, presence: presence === "presence", maxMembers: UNLIMITED };
const roomSettings = () => room;
const options = storeOptions({ roomSettings });
const store = isDurable ? await openLmdbStore(folder, options) : createMemoryStore(options);
const tokens = { ownKey: isDurable ? await loadOwnKey(folder) : newOwnKey() };
const joins = { perSecond: UNLIMITED, burst: UNLIMITED };

await serve((http) => {
  createRoomsServer(http, {
    ...{ store, tokens, roomSettings, presenceGrace: PRESENCE_GRACE, heartbeat: HEARTBEAT },
    // As `npm start` has it.
    demo: isDurable,
    limits: {
      messagesPerSecond: UNLIMITED,
      rates: { joinsOfUser: joins, joinsOfAddress: joins },
    },
    bridge: { maxConnectionsPerAddress: UNLIMITED, maxMessagesPerSecond: UNLIMITED },
    log: {
      debug: () => undefined,
      warn: () => undefined,
      error: ({ err }: { err?: unknown }, message) => console.error(`the server: ${message}`, err),
    },
  });
});
