import { expect } from "chai";
import { Payload } from "../../server/api/payload.js";
import { DEFAULT_LIMITS, createMemoryStore, storeOptions, type InboxItem } from "../../server/index.js";
import { DeviceConnections } from "../../server/inbox/device-connections.js";
import { Inboxes } from "../../server/inbox/inboxes.js";
import { Limiter } from "../../server/limits/limiter.js";
import type { Caller, CallOutcome } from "../../server/rooms/outcome.js";
import type { DeviceCursor } from "../../server/store/devices.js";
import { StoreError, type Store } from "../../server/store/store.js";

const caller = (user: string, device: string): Caller => ({
  identity: { user, name: user, guest: false, claims: {} },
  sid: `sid of ${user}'s ${device}`,
  address: "192.0.2.1",
  transport: "bridge",
  device,
});

/** An inbox service on a store in memory, whose devices are slow: what they are asked to put is let through by a test. */
class Stage {
  readonly store: Store = createMemoryStore(storeOptions());
  /** What each connection was given. */
  readonly #given = new Map<string, InboxItem[]>();
  readonly puts: { cursor: DeviceCursor; done: (error?: Error) => void }[] = [];
  readonly inboxes: Inboxes;
  isSlow = false;

  constructor() {
    const { devices } = this.store;
    this.inboxes = new Inboxes({
      ...this.store,
      devices: {
        of: (user) => devices.of(user),
        put: async (user, cursor) => {
          if (this.isSlow) {
            await new Promise<void>((resolve, reject) =>
              this.puts.push({ cursor, done: (error) => (error === undefined ? resolve() : reject(error)) }),
            );
          }
          await devices.put(user, cursor);
        },
        remove: (user, device) => devices.remove(user, device),
        sweep: (cutoff) => devices.sweep(cutoff),
      },
      connections: new DeviceConnections(),
      policy: {
        rights: () => ({ join: true, publish: true, presence: true, history: true }),
        maySend: () => true,
      },
      limits: DEFAULT_LIMITS,
      limiter: new Limiter(DEFAULT_LIMITS, Date.now),
      reads: { turn: () => Promise.resolve() },
      inboxAge: Infinity,
      now: Date.now,
      newId: () => "id",
      perform: (effects) => {
        for (const effect of effects) if (effect.type === "inbox") this.given(effect.sid).push(effect.item);
      },
      failed: (error) => {
        throw error;
      },
    });
  }

  given(sid: string): InboxItem[] {
    const items = this.#given.get(sid) ?? [];
    this.#given.set(sid, items);
    return items;
  }

  /** Opens Ada's inbox on devices of hers, with so many items in it. */
  async open(items: number, ...connections: Caller[]): Promise<void> {
    for (let n = 0; n < items; n++) {
      const call = { to: "ada", data: new Payload(n) };
      await this.inboxes.sending.send(caller("ben", "laptop"), call, wantOk, () => undefined);
    }
    for (const who of [ADA, ...connections]) {
      await this.inboxes.open(who, {}, wantOk);
      while (this.given(who.sid).length < items) await Promise.resolve();
    }
    this.isSlow = true;
  }

  /** Acks, and gives the outcome; rejects as the call does. */
  async ack(offset: number, who = ADA): Promise<CallOutcome> {
    const epoch = this.given(who.sid)[0]?.position.epoch ?? "";
    let outcome: CallOutcome | undefined;
    let isPlaced = false;
    const acked = this.inboxes.ack(
      who,
      { position: { epoch, offset } },
      (given) => (outcome = given),
      () => {
        isPlaced = true;
      },
    );
    expect(isPlaced).to.equal(true);
    await acked;
    if (outcome === undefined) throw new Error("no outcome");
    return outcome;
  }

  /** The next cursor that is to be put, when it is there. */
  async put(): Promise<{ cursor: DeviceCursor; done: (error?: Error) => void }> {
    for (let tick = 0; this.puts.length === 0 && tick < 1_000; tick++) await Promise.resolve();
    const put = this.puts.shift();
    if (put === undefined) throw new Error("nothing is put");
    return put;
  }
}

const ADA = caller("ada", "phone");

function wantOk(outcome: CallOutcome): void {
  expect(outcome.ok).to.equal(true);
}

const offsetOf = (outcome: CallOutcome): unknown =>
  outcome.ok ? (outcome.result as { cursor: { offset: number } }).cursor.offset : outcome.error;

describe("acks of an inbox that come while another is under way", () => {
  it("move the cursor once for all of them, and each has the answer that it would have had alone", async () => {
    const stage = new Stage();
    await stage.open(10);
    const first = stage.ack(1);
    const { cursor, done } = await stage.put();
    const more = Promise.all([2, 5, 3, 11, 8].map((offset) => stage.ack(offset)));
    expect(cursor.cursor.offset).to.equal(1);
    done();
    expect(offsetOf(await first)).to.equal(1);
    const second = await stage.put();
    expect(second.cursor.cursor.offset).to.equal(8);
    second.done();
    expect((await more).map(offsetOf)).to.deep.equal([2, 5, 5, "unknown_position", 8]);
    expect(stage.puts).to.deep.equal([]);
    expect(await stage.store.log.state("inbox:ada")).to.include({ first: 9, last: 10 });
  });

  it("are answered when the cursor is kept, and not before", async () => {
    const stage = new Stage();
    await stage.open(3);
    const answered: number[] = [];
    const acks = [1, 2, 3].map((offset) => stage.ack(offset).then(() => answered.push(offset)));
    const first = await stage.put();
    for (let tick = 0; tick < 100; tick++) await Promise.resolve();
    expect(answered).to.deep.equal([]);
    first.done();
    (await stage.put()).done();
    await Promise.all(acks);
    expect(answered).to.deep.equal([1, 2, 3]);
  });

  it("fail together where the store does, and can be made again", async () => {
    const stage = new Stage();
    await stage.open(3);
    const first = stage.ack(1);
    const { done } = await stage.put();
    const more = Promise.allSettled([stage.ack(2), stage.ack(3)]);
    done();
    await first;
    (await stage.put()).done(new StoreError("full", "full"));
    expect((await more).map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    const again = stage.ack(3);
    (await stage.put()).done();
    expect(offsetOf(await again)).to.equal(3);
  });

  it("are each device's own", async () => {
    const stage = new Stage();
    const other = caller("ada", "tablet");
    await stage.open(3, other);
    const acks = [stage.ack(2), stage.ack(1, other)];
    const cursors = [await stage.put()];
    cursors[0]?.done();
    const second = await stage.put();
    second.done();
    expect((await Promise.all(acks)).map(offsetOf)).to.deep.equal([2, 1]);
    expect([...cursors, second].map(({ cursor }) => [cursor.device, cursor.cursor.offset])).to.deep.equal([
      ["phone", 2],
      ["tablet", 1],
    ]);
  });

  it("of an inbox that was closed meanwhile are refused", async () => {
    const stage = new Stage();
    await stage.open(3);
    stage.isSlow = false;
    await stage.inboxes.gone(ADA);
    expect(offsetOf(await stage.ack(1))).to.equal("inbox_not_open");
  });
});
