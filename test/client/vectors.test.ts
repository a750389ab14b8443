/** The client's frames against the golden vectors, which the SDKs in other languages read too. */
import { expect } from "chai";
import { decodeFrame } from "../../clients/typescript/src/frames.js";
import { readVectors, type BinaryVector, type ServerFrameVector } from "../support/vectors.js";

describe("the client, of the golden vectors", () => {
  for (const { name, text, frame, ignored } of readVectors<ServerFrameVector>("server-frames")) {
    it(`${ignored ? "ignores" : "reads"}: ${name}`, () => {
      const decoded = decodeFrame(text);
      if (ignored) {
        expect(decoded.type).to.equal("unknown");
        return;
      }
      // The client has no use for what it sent with a ping.
      expect(decoded).to.deep.include(decoded.type === "pong" ? { type: "pong" } : frame);
    });
  }

  for (const { name, value, bytes } of readVectors<BinaryVector>("binary")) {
    it(`${bytes === null ? "leaves as it is" : "takes for binary"}: ${name}`, () => {
      const decoded = decodeFrame(JSON.stringify({ type: "event", event: "x", args: [value] }));
      if (decoded.type !== "event") throw new Error(decoded.type);
      const [arg] = decoded.args;
      const inner = (value as { $binary?: unknown }).$binary;
      const taken = typeof inner === "object" && inner !== null ? (arg as { $binary: unknown }).$binary : arg;
      if (Buffer.isBuffer(taken)) expect(taken.toString("hex")).to.equal(taken === arg ? bytes : "6869");
      else expect({ arg, bytes }).to.deep.equal({ arg: value, bytes: null });
    });
  }

  it("sees binary under an escaped key, which is the same key", () => {
    const decoded = decodeFrame('{"type":"event","event":"x","args":[{"\\u0024binary":"aGk="}]}');
    expect(decoded).to.deep.include({ args: [Buffer.from("hi")] });
  });
});
