/** Whatever a server sends: nothing is thrown out of a callback, and the client goes on. */
import { expect } from "chai";
import * as fc from "fast-check";
import { HOSTILE, messagesOf, type HostileVector } from "../support/hostile-vectors.js";
import { rig, type Rig } from "./support/rig.js";

const CONNECTED = HOSTILE.connected as Record<string, unknown>;

/** What the server sends, as it stands. What the client throws at it fails the test. */
function send({ ws }: Rig, messages: (string | Buffer)[]): void {
  for (const data of messages) ws().fire("message", { data });
}

/** A client at the place in the script where the frames come. */
function enter({ at }: HostileVector): Rig & { socket_: ReturnType<Rig["socket"]>; call: Promise<string> } {
  const whole = rig();
  const socket_ = whole.socket();
  whole.ws().open().take();
  if (at !== "connect") whole.ws().receive(CONNECTED);
  const answer = at === "call" ? socket_.socket.timeout(1000).emitWithAck("ask") : Promise.resolve();
  const call = answer.then(
    () => "answered",
    (error: unknown) => (error as { code?: string }).code ?? "timeout",
  );
  return { ...whole, socket_, call };
}

describe("client: a hostile server", () => {
  for (const vector of HOSTILE.vectors.filter(({ layer }) => layer === "bridge")) {
    it(`at "${vector.at}": ${vector.name}`, async () => {
      const client = enter(vector);
      const { socket, log } = client.socket_;
      const got: unknown[] = [];
      socket.on(HOSTILE.then.event.event, (...args) => got.push(args));
      send(client, messagesOf(vector));
      switch (vector.then) {
        case "connected":
          client.ws().receive(CONNECTED);
          expect(socket.connected).to.equal(true);
          break;
        case "refused":
          expect([log.names(), socket.active]).to.deep.equal([["connect_error"], false]);
          break;
        case "answered":
          expect(await client.call).to.equal("answered");
          break;
        case "failed":
          expect(await client.call).not.to.be.oneOf(["answered", "timeout"]);
          break;
      }
      if (vector.then === "nothing" || vector.then === "refused") return;
      client.ws().receive({ ...HOSTILE.then.event });
      expect(got).to.deep.equal([HOSTILE.then.event.args]);
      client.clock.advance(1000);
      expect(await client.call).to.be.a("string");
      socket.disconnect();
      expect(client.clock.pending).to.deep.equal([]);
    });
  }

  it("may send any JSON in any field of any frame", () => {
    const types = ["connected", "connect_error", "event", "ack", "disconnect", "error", "pong"];
    const names = [
      "ns",
      "sid",
      "event",
      "args",
      "id",
      "code",
      "message",
      "data",
      "rate",
      "pingInterval",
      "maxPayload",
    ];
    const fields = fc.dictionary(fc.constantFrom(...names), fc.jsonValue());
    const frames = fc.array(fc.tuple(fc.constantFrom(...types), fields), { maxLength: 10 });
    fc.assert(
      fc.property(frames, (all) => {
        const client = rig();
        const { socket } = client.socket();
        client.ws().open();
        send(client, [JSON.stringify(CONNECTED)]);
        socket.emit("ask", () => undefined);
        for (const [type, more] of all) send(client, [JSON.stringify({ ...CONNECTED, ...more, type })]);
        socket.disconnect();
        expect(client.clock.pending).to.deep.equal([]);
      }),
    );
  });
});
