import { expect } from "chai";
import { describeFrame } from "../../../server/demo/wire-tap/describe.js";
import type { RawFrame } from "../../../server/demo/wire-tap/frame-reader.js";

const raw = (opcode: number, payload: Buffer | string, more: Partial<RawFrame> = {}): RawFrame => {
  const bytes = Buffer.from(payload);
  return {
    fin: true,
    compressed: false,
    opcode,
    masked: false,
    headerBytes: 2,
    payloadBytes: bytes.length,
    payload: bytes,
    ...more,
  };
};

describe("what the inspector shows of a frame", () => {
  it("is its text, and not its bytes", () => {
    const shown = describeFrame(raw(1, "grüße"));
    expect(shown).to.include({ text: "grüße", cut: false, payloadBytes: 7 });
    expect(shown).not.to.have.any.keys("payload", "hex");
  });

  it("is the beginning of a long text, up to the last whole character", () => {
    const cutInTwo = Buffer.from("ü").subarray(0, 1);
    const shown = describeFrame(
      raw(1, Buffer.concat([Buffer.from("gr"), cutInTwo]), { payloadBytes: 9_000 }),
    );
    expect(shown).to.include({ text: "gr", cut: true });
  });

  it("is the code and the reason of a close", () => {
    expect(describeFrame(raw(8, Buffer.from("\u0003\u00e8bye", "latin1")))).to.include({
      closeCode: 1000,
      text: "bye",
    });
    expect(describeFrame(raw(8, ""))).to.include({ closeCode: 1005 });
  });

  it("is hexadecimal where it is binary, compressed or no UTF-8", () => {
    expect(describeFrame(raw(2, "ab"))).to.include({ hex: "6162" });
    expect(describeFrame(raw(1, "ab", { compressed: true }))).to.include({ hex: "6162" });
    expect(describeFrame(raw(1, Buffer.from([0xff])))).to.include({ hex: "ff" });
  });

  it("is nothing where there is no payload", () => {
    expect(describeFrame(raw(9, ""))).not.to.have.any.keys("text", "hex");
  });
});
