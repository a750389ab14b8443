/** Putting messages into inboxes, whoever they are from. */
import type { CheckedCall } from "../api/calls.js";
import { refused } from "../api/refused.js";
import type { Limiter } from "../limits/limiter.js";
import type { Limits } from "../limits/limits.js";
import type { ReadQueue } from "../limits/read-queue.js";
import { askingClient, rewritten, type Before } from "../rooms/before.js";
import type { KeyedQueue } from "../rooms/keyed-queue.js";
import { inboxLog } from "../rooms/log-names.js";
import { keyOf, reserveFor, senderOf } from "../rooms/messages.js";
import type { Caller, Done } from "../rooms/outcome.js";
import type { Policy } from "../rooms/policy.js";
import type { Devices } from "../store/devices.js";
import type { Log } from "../store/log.js";
import { heldBack } from "./device-cursors.js";
import { InboxShares } from "./inbox-shares.js";
import type { NewItem } from "./new-item.js";
import type { StoredItem } from "./open-inbox.js";

export interface InboxSendingOptions {
  log: Log;
  devices: Devices;
  policy: Policy;
  /** Asked after the policy. */
  before?: Before | undefined;
  limits: Limits;
  limiter: Limiter;
  reads: Pick<ReadQueue, "turn">;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** A new message id, never the same twice. */
  newId: () => string;
  /** What changes a user's cursors is done in turn. */
  queues: KeyedQueue;
  /** There is something new in a user's inbox. */
  poke: (user: string) => void;
}

export class InboxSending {
  readonly #options: InboxSendingOptions;
  readonly #shares: InboxShares;

  constructor(options: InboxSendingOptions) {
    this.#options = options;
    this.#shares = new InboxShares(options);
  }

  /** @param placed As of `Rooms.publish`. */
  async send(who: Caller, call: CheckedCall<"send">, done: Done<"send">, placed: () => void): Promise<void> {
    const { policy, limiter, limits, before } = this.#options;
    if (!(await policy.maySend(who.identity, call.to))) {
      return done(refused("forbidden", "this user may not send to that one"));
    }
    const refusal = limiter.message(who, call.data.size);
    if (refusal !== undefined) return done(refusal);
    const hooked =
      before?.send === undefined
        ? call.data
        : await rewritten(call, limiter, (asked) => before.send?.(askingClient(who), asked));
    if ("error" in hooked) return done(hooked);
    // A limit of 0 still finds what was sent before under the same id.
    const limit = async (): Promise<number> =>
      (await this.#shares.allows(call.to, who.identity)) ? limits.inboxItems : 0;
    const key = call.id === undefined ? {} : { key: keyOf(who.identity.user, call.id) };
    const isGuest = who.identity.guest;
    const item = {
      ...call,
      data: hooked,
      from: senderOf(who),
      isGuest,
      limit,
      reserve: reserveFor(who, limits),
      ...key,
    };
    await this.put(item, done, placed);
  }

  /** Puts a message into an inbox, whoever it is from. @param placed As of `Rooms.publish`. */
  async put(item: NewItem, done: Done<"send">, placed: () => void = () => undefined): Promise<void> {
    const { log, limits, now, newId, poke } = this.#options;
    const { to, from, data, receipt, isGuest = false, key, reserve = 0 } = item;
    const id = item.id ?? newId();
    const value: StoredItem = {
      ...{ type: "message", id, from, data: data.value },
      ...(receipt === true ? { receipt: true } : {}),
      ...(isGuest ? { guest: true } : {}),
    };
    const limitNow = item.limit ?? (() => limits.inboxItems);
    const append = async (limit: number) =>
      log.append(inboxLog(to), { value, at: now(), limit, reserve, ...(key === undefined ? {} : { key }) });
    const appending = append(await limitNow());
    placed();
    let appended = await appending;
    if (appended === "full" && (await this.#dropHeldBack(to))) appended = await append(await limitNow());
    if (appended === "full") return done(refused("inbox_full"));
    const { at, duplicate } = appended;
    done({ ok: true, result: { id, at, duplicate }, effects: [] });
    poke(to);
  }

  /** Makes room in a full inbox. Returns whether there is any. */
  async #dropHeldBack(user: string): Promise<boolean> {
    const { log, devices, queues } = this.#options;
    let hasDropped = false;
    await queues.run(user, async () => {
      const { epoch, first, last } = await log.state(inboxLog(user));
      const through = heldBack(await devices.of(user), epoch, last, (last - first + 1) / 2);
      hasDropped = through >= first;
      if (hasDropped) await log.trim(inboxLog(user), through);
    });
    return hasDropped;
  }
}
