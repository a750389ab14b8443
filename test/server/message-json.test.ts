import { expect } from "chai";
import fc from "fast-check";
import { MessageJson, messageOf } from "../../server/rooms/messages.js";
import { SEED } from "../support/random.js";

describe("the JSON of a message", () => {
  it("is in the log and to those who hear it what JSON.stringify makes of it", () => {
    const name = fc.string({ unit: "binary" });
    const sender = fc.record({ user: name, name, sid: name, transport: fc.constant("bridge" as const) });
    const position = fc.record({ epoch: name, offset: fc.nat() });
    fc.assert(
      fc.property(
        name,
        name,
        sender,
        fc.jsonValue(),
        position,
        fc.nat(),
        (room, id, from, data, place, at) => {
          const json = new MessageJson(id, from, JSON.stringify(data));
          const value = { id, from, data };
          expect(json.stored).to.equal(JSON.stringify(value));
          const message = messageOf(room, place.epoch, { offset: place.offset, value, at });
          expect(json.told(room, place, at)).to.equal(JSON.stringify(message));
        },
      ),
      { seed: SEED },
    );
  });
});
