/** What a backend sends: to rooms and to users. */
import { payloadOf } from "../api/payload-of.js";
import type { Payload } from "../api/payload.js";
import type { Published, Sender, Sent } from "../api/types.js";
import { MAX_NAME } from "../api/values.js";
import { backendKeyOf } from "../rooms/messages.js";
import type { CallOutcome } from "../rooms/outcome.js";
import { withoutPrototype } from "../own-properties/own-properties.js";
import { checked } from "./arguments.js";
import type { Backend, PublishItem, SentAs } from "./backend.js";
import { answer, type BackendDeps } from "./deps.js";
import { RoomsError } from "../api/rooms-error.js";

/** Who sends what is in nobody's name; and the `sid` of all that a backend sends. */
const SERVER = "server";

export function createSending(
  deps: BackendDeps,
): Pick<Backend, "publish" | "publishAll" | "signal" | "send"> {
  const { rooms, inboxes, perform, now } = deps;

  const publish: Backend["publish"] = (room, data, options = {}) =>
    answer(deps, "publish", () => {
      const { as, id } = checked("publish", { ...options, room });
      const message = withoutPrototype({
        ...{ room, from: senderOf(as), data: fitting(deps, data), id },
        ...keyed(id),
      });
      return outcomeOf<Published>(deps, (done) => rooms.publishing.publish(message, done));
    });

  return {
    publish,

    publishAll: (items) =>
      answer(deps, "publishAll", () => {
        if (!Array.isArray(items))
          throw new RoomsError("invalid_argument", "publishAll takes a list of items");
        // All at once: those to one room are written in their order, and share a commit.
        const results = items.map(async (item: unknown) => {
          if (typeof item !== "object" || item === null)
            throw new RoomsError("invalid_argument", "an item must be an object");
          const { room, data, ...options } = item as PublishItem;
          return publish(room, data, options);
        });
        return Promise.all(results.map((result) => result.catch((error: unknown) => error as RoomsError)));
      }),

    signal: (room, data, options = {}) =>
      answer(deps, "signal", () => {
        const { as } = checked("signal", { ...options, room });
        const { value } = fitting(deps, data);
        perform([
          { type: "signal", signal: { room, from: senderOf(as), data: value, at: now() }, except: SERVER },
        ]);
      }),

    send: (user, data, options = {}) =>
      answer(deps, "send", () => {
        const { as, id, receipt } = checked("send", { ...options, user });
        const item = withoutPrototype({
          ...{ to: user, from: senderOf(as), data: fitting(deps, data), id, receipt },
          ...keyed(id),
        });
        return outcomeOf<Sent>(deps, (done) => inboxes.sending.put(item, done));
      }),
  };
}

/** The outcome of a service's call, whose effects are carried out in the tick in which it is known. */
function outcomeOf<Result extends object>(
  { perform, failed }: BackendDeps,
  call: (done: (outcome: CallOutcome<Result>) => void) => Promise<void>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const done = (outcome: CallOutcome<Result>): void => {
      if (!outcome.ok) {
        const { error, detail, retryAfter } = outcome;
        reject(new RoomsError(error, detail, { retryAfter }));
        return;
      }
      resolve(outcome.result);
      try {
        perform(outcome.effects);
      } catch (error) {
        // It is kept all the same.
        failed(error, "what a backend has done could not be told");
      }
    };
    call(done).catch(reject);
  });
}

function fitting({ limiter }: BackendDeps, data: unknown): Payload {
  const payload = payloadOf(data);
  const refusal = limiter.size(payload.size);
  if (refusal !== undefined) throw new RoomsError(refusal.error, refusal.detail);
  return payload;
}

function senderOf(as: SentAs | undefined): Sender {
  const user = as?.user ?? SERVER;
  // An id may be longer than a name, and be cut in the middle of a character.
  const name = as?.name ?? user.slice(0, MAX_NAME).replace(/[\ud800-\udbff]$/, "");
  return { user, name, sid: SERVER, transport: "server" };
}

function keyed(id: string | undefined): { key?: string } {
  return id === undefined ? {} : { key: backendKeyOf(id) };
}
