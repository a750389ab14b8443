import { expect } from "chai";
import fc from "fast-check";
import { Payload } from "../../server/api/payload.js";
import { Limiter } from "../../server/limits/limiter.js";
import type { Caller, Effect, CallOutcome } from "../../server/rooms/outcome.js";
import { Rooms } from "../../server/rooms/rooms.js";
import {
  createMemoryStore,
  DEFAULT_LIMITS,
  DEFAULT_ROOM,
  storeOptions,
  type Joined,
} from "../../server/index.js";
import type { Log } from "../../server/store/log.js";

const caller = (user: string): Caller => ({
  identity: { user, name: user, guest: false, claims: {} },
  sid: `sid of ${user}`,
  address: "192.0.2.1",
  transport: "bridge",
});

const EVERYTHING = { join: true, publish: true, presence: true, history: true };

/** A log whose every answer waits, for as many turns as the numbers say: what is awaited meanwhile comes in any order. */
function slowed(log: Log, turns: () => number): Log {
  const wait = async (): Promise<void> => {
    for (let left = turns(); left > 0; left--) await Promise.resolve();
  };
  // Appends to one log resolve in the order of their offsets: each waits for the one before.
  let last = Promise.resolve();
  return Object.assign(Object.create(log) as Log, {
    state: async (name: string) => (await wait(), log.state(name)),
    after: async (...args: Parameters<Log["after"]>) => {
      await wait();
      const page = await log.after(...args);
      await wait();
      return page;
    },
    append: (...args: Parameters<Log["append"]>) => {
      const before = last;
      const appended = (async () => {
        await wait();
        await before;
        const result = await log.append(...args);
        return result;
      })();
      last = appended.then(() => undefined);
      return appended;
    },
  });
}

describe("the rooms service", () => {
  it("answers a join with all before its position, and tells all after it, however reads and appends interleave", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(12), { minLength: 200, maxLength: 200 }),
        fc.array(fc.nat(150), { minLength: 3, maxLength: 3 }),
        async (delays, starts) => {
          let next = 0;
          const store = createMemoryStore(storeOptions());
          const limits = { ...DEFAULT_LIMITS, messagesPerSecond: 10_000 };
          const rooms = new Rooms({
            log: slowed(store.log, () => delays[next++ % delays.length]!),
            presence: store.presence,
            telling: { heard: () => undefined, isCounted: () => false },
            policy: { rights: () => EVERYTHING, maySend: () => true },
            settings: () => DEFAULT_ROOM,
            ...{
              limits,
              limiter: new Limiter(limits, Date.now),
              reads: { turn: () => Promise.resolve() },
              presenceGrace: 0,
              now: Date.now,
              uptime: Date.now,
            },
            newId: () => "id",
            perform: () => undefined,
          });
          /** What each connection in the room was told, by its sid. */
          const heard = new Map<string, number[]>();
          const carryOut = (effects: readonly Effect[]): void => {
            for (const effect of effects) {
              if (effect.type === "enter") heard.set(effect.sid, []);
              if (effect.type !== "message") continue;
              for (const offsets of heard.values()) offsets.push(effect.message.position.offset);
            }
          };
          const done = (outcome: CallOutcome): void => {
            if (outcome.ok) carryOut(outcome.effects);
          };
          const ada = caller("ada");
          let since = { epoch: "", offset: 0 };
          await rooms.join(ada, { room: "r" }, (outcome) => {
            done(outcome);
            if (outcome.ok) since = outcome.result.position;
          });
          const joined = new Map<string, Joined>();
          const publishing = Array.from({ length: 20 }, async (_, n) => {
            for (let left = 6 * n; left > 0; left--) await Promise.resolve();
            await rooms.publish(ada, { room: "r", data: new Payload(n) }, done, () => undefined);
          });
          const joining = starts.map(async (start, i) => {
            for (let left = start; left > 0; left--) await Promise.resolve();
            const who = caller(`user ${i}`);
            await rooms.join(who, { room: "r", since }, (outcome) => {
              if (outcome.ok) joined.set(who.sid, outcome.result);
              done(outcome);
            });
          });
          await Promise.all([...publishing, ...joining]);
          for (const [sid, { position, recovered, messages = [] }] of joined) {
            expect(recovered).to.equal(true);
            expect(messages.length).to.equal(position.offset);
            const seen = [...messages.map((message) => message.position.offset), ...heard.get(sid)!];
            expect(seen).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1));
          }
        },
      ),
      { numRuns: 200 },
    ));
});
