import { expect } from "chai";
import fc from "fast-check";
import type { CallOutcome } from "../../../clients/typescript/src/rooms/calls.js";
import { RoomsError } from "../../../clients/typescript/src/rooms/index.js";
import { SendQueue } from "../../../clients/typescript/src/rooms/send-queue.js";
import { Suspects } from "../../../clients/typescript/src/rooms/suspects.js";
import { SEED } from "../../support/random.js";

/** A server that appends each id once, and a network that may lose a call or its ack. */
class Server {
  readonly log: string[] = [];

  call(id: string, fate: Fate): CallOutcome<unknown> {
    if (fate === "call lost") return { type: "lost" };
    if (fate === "refused for now")
      return { type: "refused", error: new RoomsError("unavailable", "", true) };
    if (fate === "refused") return { type: "refused", error: new RoomsError("forbidden", "", false) };
    if (!this.log.includes(id)) this.log.push(id);
    if (fate === "ack lost") return { type: "lost" };
    return fate === "ack late"
      ? { type: "timeout" }
      : { type: "ok", result: { offset: this.log.indexOf(id) + 1 } };
  }
}

const FATES = ["done", "call lost", "ack lost", "ack late", "refused for now", "refused"] as const;
type Fate = (typeof FATES)[number];

describe("rooms layer: a sendQueue, on a network that does anything", () => {
  it("has each message in the log once, in order; and what was acked is there", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...FATES), { maxLength: 60 }), (fates) => {
        const server = new Server();
        const acked: string[] = [];
        const rejected: string[] = [];
        const sendQueue = new SendQueue(
          () => 0,
          () => 0,
          new Suspects(),
          () => undefined,
        );
        const ids = ["a", "b", "c", "d", "e"];
        for (const id of ids) {
          const resolve = (result: unknown): void => {
            expect(result).to.deep.equal({ offset: server.log.indexOf(id) + 1 });
            acked.push(id);
          };
          sendQueue.add({
            name: "publish",
            argument: { id },
            id,
            bytes: 1,
            resolve,
            reject: () => rejected.push(id),
          });
        }
        for (const fate of [...fates, ...ids.map(() => "done" as const)]) {
          sendQueue.resume();
          const step = sendQueue.next();
          if (step.do === "call") sendQueue.done(server.call(step.pendingCall.id ?? "", fate));
        }
        expect(sendQueue.isEmpty).to.equal(true);
        expect([...acked, ...rejected].sort()).to.deep.equal(ids);
        // One that was carried out without an ack, and refused when it was made again, is in the log too.
        expect(server.log).to.deep.equal(ids.filter((id) => server.log.includes(id)));
        expect(server.log).to.include.members(acked);
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  });
});
