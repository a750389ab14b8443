import { expect } from "chai";
import { bytes, meaningOf, opcodeName, payloadText, pretty } from "../../clients/demo/wire-format.js";
import type { FrameRecord } from "../../server/demo/wire-tap/records.js";

describe("the demo's inspector", () => {
  it("has words for Socket.IO's packets and the bridge's frames", () => {
    const meanings = {
      '0{"sid":"x"}': "Engine.IO open",
      "2": "Engine.IO ping",
      "40": "Socket.IO connect",
      '42["message",{}]': "Socket.IO event",
      '430[{"ok":true}]': "Socket.IO ack",
      '{"type":"connect_error","message":""}': "connect error",
      "9": "",
      "": "",
    };
    for (const [text, meaning] of Object.entries(meanings)) expect(meaningOf(text), text).to.equal(meaning);
  });

  it("indents JSON, and leaves what is before it and what is none", () => {
    expect(pretty('42["a",{"b":1}]')).to.equal('42[\n  "a",\n  {\n    "b": 1\n  }\n]');
    expect(pretty('{"cut":"sho')).to.equal('{"cut":"sho');
    expect(pretty("2probe")).to.equal("2probe");
  });

  it("names opcodes", () => {
    expect([1, 9, 3].map(opcodeName)).to.deep.equal(["text", "ping", "opcode 3"]);
  });

  it("gives sizes in units of 1000", () => {
    expect([0, 999, 1_000, 2_345_678].map(bytes)).to.deep.equal(["0 B", "999 B", "1.0 kB", "2.3 MB"]);
  });

  it("shows a payload as text, as hexadecimal, or as a close code", () => {
    const frame = { cut: false } as FrameRecord;
    expect(payloadText({ ...frame, text: "abc", cut: true })).to.equal("abc…");
    expect(payloadText({ ...frame, hex: "0aff" })).to.equal("0a ff");
    expect(payloadText({ ...frame, closeCode: 1000, text: "bye" })).to.equal("1000 bye");
    expect(payloadText({ ...frame, closeCode: 1005 })).to.equal("no code");
    expect(payloadText(frame)).to.equal("");
  });
});
