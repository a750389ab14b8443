import { expect } from "chai";
import fc from "fast-check";
import { Payload } from "../../server/api/payload.js";
import { Limiter } from "../../server/limits/limiter.js";
import type { Position } from "../../server/api/types.js";
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
    before: async (...args: Parameters<Log["before"]>) => {
      await wait();
      const page = await log.before(...args);
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

/** Published meanwhile: so many that the room is not quiet for as long as a read of its log takes. */
const MESSAGES = 60;

/** What a join was answered with, and the offsets that its connection heard after it. */
interface Entered {
  readonly joined: Joined;
  readonly heard: readonly number[];
}

/**
 * Has three users join a room while it is published to.
 * @param delays For how many turns each answer of the log waits, over and over.
 * @param starts After how many turns each of the users joins.
 */
async function enterBusyRoom(
  delays: readonly number[],
  starts: readonly number[],
  asked: (since: Position) => { since?: Position; history?: number },
): Promise<Entered[]> {
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
  const publishing = Array.from({ length: MESSAGES }, async (_, n) => {
    for (let left = 3 * n; left > 0; left--) await Promise.resolve();
    await rooms.publish(ada, { room: "r", data: new Payload(n) }, done, () => undefined);
  });
  const joining = starts.map(async (start, i) => {
    for (let left = start; left > 0; left--) await Promise.resolve();
    const who = caller(`user ${i}`);
    await rooms.join(who, { room: "r", ...asked(since) }, (outcome) => {
      if (outcome.ok) joined.set(who.sid, outcome.result);
      done(outcome);
    });
  });
  await Promise.all([...publishing, ...joining]);
  return [...joined].map(([sid, result]) => ({ joined: result, heard: heard.get(sid)! }));
}

const DELAYS = fc.array(fc.nat(12), { minLength: 200, maxLength: 200 });
const STARTS = fc.array(fc.nat(150), { minLength: 3, maxLength: 3 });

/** The offsets from the one after `after` on. */
const offsetsAfter = (after: number): number[] =>
  Array.from({ length: MESSAGES - after }, (_, n) => after + n + 1);

describe("the rooms service", () => {
  it("answers a join with all before its position, and tells all after it, however reads and appends interleave", () =>
    fc.assert(
      fc.asyncProperty(DELAYS, STARTS, async (delays, starts) => {
        const entered = await enterBusyRoom(delays, starts, (since) => ({ since }));
        expect(entered).to.have.length(3);
        for (const { joined, heard } of entered) {
          const { position, recovered, messages = [] } = joined;
          expect(recovered).to.equal(true);
          expect(messages.length).to.equal(position.offset);
          const seen = [...messages.map((message) => message.position.offset), ...heard];
          expect(seen).to.deep.equal(offsetsAfter(0));
        }
      }),
      { numRuns: 200 },
    ));

  it("answers a join with the newest up to its position, however reads and appends interleave", () =>
    fc.assert(
      fc.asyncProperty(DELAYS, STARTS, async (delays, starts) => {
        const entered = await enterBusyRoom(delays, starts, () => ({ history: 5 }));
        expect(entered).to.have.length(3);
        for (const { joined, heard } of entered) {
          const { position, history = { messages: [], more: false } } = joined;
          const before = Math.max(0, position.offset - 5);
          expect(history.more).to.equal(before > 0);
          const seen = [...history.messages.map((message) => message.position.offset), ...heard];
          expect(seen).to.deep.equal(offsetsAfter(before));
        }
      }),
      { numRuns: 200 },
    ));
});
