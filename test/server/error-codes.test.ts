import { expect } from "chai";
import {
  API_ERRORS,
  createMemoryStore,
  storeOptions,
  StoreError,
  type ApiErrorCode,
  type Rights,
  type RoomsServerOptions,
  type Store,
} from "../../server/index.js";
import { World } from "../guarantees/world.js";
import { PROTOCOLS, type Protocol, type TestClient } from "./support/clients.js";

/** How to get an error, so that none is in the table that no server ever sends. */
interface Way {
  options?: () => RoomsServerOptions;
  provoke: (client: TestClient, world: World, protocol: Protocol) => Promise<unknown>;
}

const NO_RIGHTS: Rights = { join: false, publish: false, presence: false, history: false };

/** The error with which a connect is refused. */
async function refusal(world: World, protocol: Protocol, auth: object): Promise<unknown> {
  const client = PROTOCOLS[protocol].open(world.url);
  client.send({ type: "connect", auth });
  const frame = await client.frames.next("a refusal");
  client.close();
  return frame.type === "connect_error" ? { ok: false, error: frame.data } : frame;
}

const ask =
  (...calls: [string, object][]) =>
  async (client: TestClient): Promise<unknown> => {
    let answer: unknown;
    for (const [event, argument] of calls) answer = await client.ask(event, argument);
    return answer;
  };

const JOIN: [string, object] = ["join", { room: "r" }];
const PUBLISH: [string, object] = ["publish", { room: "r", data: "hello" }];

const room = (maxMembers: number) => () => ({
  history: { count: 9, age: 9e9 },
  presence: true,
  maxMembers,
  maxNames: 9,
});

/** A store whose log fails as one does whose disk is full. */
function fullStore(): Store {
  const store = createMemoryStore(storeOptions());
  const log = Object.assign(Object.create(store.log) as typeof store.log, {
    state: store.log.state.bind(store.log),
    append: () => Promise.reject(new StoreError("full", "the disk is full")),
  });
  return { ...store, log };
}

const WAYS: Record<ApiErrorCode, Way> = {
  invalid_argument: { provoke: ask(["join", {}]) },
  unknown_event: { provoke: ask(["dance", { room: "r" }]) },
  unauthorized: { provoke: (_, world, protocol) => refusal(world, protocol, { token: "none of ours" }) },
  token_expired: {
    provoke: async (_, world, protocol) =>
      refusal(world, protocol, { token: await world.token("ada", { seconds: -60 }) }),
  },
  token_revoked: {
    provoke: async (_, world, protocol) => {
      await world.running.revoke({ type: "token", id: "t1" });
      return refusal(world, protocol, { token: await world.token("ada", { id: "t1" }) });
    },
  },
  forbidden: {
    options: () => ({ policy: { rights: () => NO_RIGHTS, maySend: () => true } }),
    provoke: ask(JOIN),
  },
  not_joined: { provoke: ask(PUBLISH) },
  too_many_rooms: {
    options: () => ({ limits: { roomsPerDevice: 1 } }),
    provoke: ask(JOIN, ["join", { room: "2" }]),
  },
  too_many_devices: {
    options: () => ({ limits: { devicesPerRoom: 1 } }),
    provoke: async (_, world, protocol) => {
      const { token } = (await world.join(protocol, "r")).client.self!;
      return ask(JOIN)(await world.enter(protocol, { token }));
    },
  },
  room_full: {
    options: () => ({ roomSettings: room(1) }),
    provoke: async (client, world, protocol) => {
      await world.join(protocol, "r");
      return ask(JOIN)(client);
    },
  },
  message_too_large: { options: () => ({ limits: { messageBytes: 6 } }), provoke: ask(JOIN, PUBLISH) },
  rate_limited: {
    options: () => ({ limits: { messagesPerSecond: 1 } }),
    provoke: ask(JOIN, PUBLISH, PUBLISH, PUBLISH, PUBLISH),
  },
  unknown_position: { provoke: ask(JOIN, ["history", { room: "r", after: { epoch: "other", offset: 1 } }]) },
  inbox_full: {
    options: () => ({ limits: { inboxItems: 1 } }),
    provoke: ask(["send", { to: "ben", data: 1 }], ["send", { to: "ben", data: 2 }]),
  },
  inbox_not_open: { provoke: ask(["inbox_ack", { position: { epoch: "e", offset: 1 } }]) },
  overloaded: {
    options: () => ({ limits: { pendingCalls: 1 } }),
    provoke: async (client) => {
      const answers = await Promise.all([client.ask(...JOIN), client.ask(...JOIN)]);
      return answers.find(({ ok }) => !ok);
    },
  },
  unavailable: { options: () => ({ store: fullStore() }), provoke: ask(JOIN, PUBLISH) },
  internal: {
    options: () => ({
      policy: {
        rights: () => Promise.reject(new Error("the directory is down")),
        maySend: () => true,
      },
    }),
    provoke: ask(JOIN),
  },
};

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`errors of the room API over ${PROTOCOLS[protocol].title}`, () => {
    for (const code of Object.keys(API_ERRORS) as ApiErrorCode[]) {
      it(`answers with ${code}`, async () => {
        const options = WAYS[code].options?.() ?? {};
        const { provoke } = WAYS[code];
        const world = await new World(
          options,
          () => options.store ?? createMemoryStore(storeOptions()),
        ).start();
        try {
          const answer = await provoke(await world.enter(protocol), world, protocol);
          expect(answer).to.have.property("ok", false);
          const { retryable } = API_ERRORS[code];
          expect(answer).to.have.property("error").that.includes({ code, retryable });
        } finally {
          await world.stop();
        }
      });
    }
  });
}
