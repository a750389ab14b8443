import { expect } from "chai";
import { UnsendableError } from "../../clients/typescript/src/errors.js";
import { decodeFrame, encodeFrame } from "../../clients/typescript/src/frames.js";
import { parseClientFrame } from "../../bridge/frames.js";

const event = (...args: unknown[]): string => encodeFrame({ type: "event", ns: "/", event: "e", args });

describe("client: frames it sends", () => {
  it("leaves ns out for / (2.4)", () => {
    expect(encodeFrame({ type: "disconnect", ns: "/" })).to.equal('{"type":"disconnect"}');
    expect(encodeFrame({ type: "disconnect", ns: "/a" })).to.equal('{"type":"disconnect","ns":"/a"}');
  });

  it("are what the bridge's own parser takes", () => {
    const frames = [
      { type: "connect", ns: "/a", auth: { token: "t" }, pid: "p", offset: "o" },
      { type: "event", ns: "/", event: "e", args: [1, "two", null], id: 0 },
      { type: "ack", ns: "/a", id: 7, args: [] },
      { type: "disconnect", ns: "/" },
    ] as const;
    for (const frame of frames) expect(parseClientFrame(encodeFrame(frame))).to.deep.equal(frame);
  });

  it("carry binary of every kind, at any depth, as {$binary} (5.2)", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const view = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
    const text = event(bytes.buffer, bytes, view, Buffer.from(bytes), new DataView(bytes.buffer), {
      a: [bytes],
    });
    const binary = { $binary: "AQID" };
    expect(JSON.parse(text)).to.have.deep.property("args", [
      binary,
      binary,
      binary,
      binary,
      binary,
      { a: [binary] },
    ]);
  });

  it("count objects that stand for binary as what they are on the wire", () => {
    const eleven = Array.from({ length: 11 }, () => ({ $binary: "AAAA" }));
    expect(() => event(...eleven)).to.throw(TypeError, "10 binary values");
    expect(() => event({ $binary: "AAAA" }, { _placeholder: true })).to.throw(TypeError, "_placeholder");
    expect(() => event(...eleven.map(() => ({ $binary: "not base64" })))).not.to.throw();
  });

  it("refuse buffers that are shared or detached, in place of an empty value", () => {
    const view = new DataView(new ArrayBuffer(8));
    const { buffer } = view;
    structuredClone(buffer, { transfer: [buffer] });
    for (const odd of [buffer, view, new SharedArrayBuffer(1)]) expect(() => event(odd)).to.throw(TypeError);
  });

  it("refuse a Blob, which cannot be read at once", () => {
    expect(() => event(new Blob(["x"]))).to.throw(TypeError, "Blob");
  });

  it("have at most 10 binary values (5.3)", () => {
    const many = (count: number): Uint8Array[] => Array.from({ length: count }, () => new Uint8Array(1));
    expect(() => event(...many(10))).not.to.throw();
    expect(() => event(...many(11))).to.throw(UnsendableError, "10 binary");
  });

  it("have no place of a binary value, and no key __proto__, beside binary values (5.3)", () => {
    const bytes = new Uint8Array(1);
    const proto: unknown = JSON.parse('{"__proto__":1}');
    for (const odd of [{ _placeholder: true }, proto]) {
      expect(() => event(odd, bytes)).to.throw(UnsendableError, "beside binary");
      expect(() => event(bytes, [{ deep: odd }])).to.throw(UnsendableError, "beside binary");
      expect(() => event(odd)).not.to.throw();
    }
    expect(() => event({ _placeholder: 1 }, bytes)).not.to.throw();
  });

  it("are nested at most 120 deep in each value (2.8)", () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(() => event(new Uint8Array(1), nested(120), { a: nested(119) })).not.to.throw();
    expect(() => event(nested(121))).to.throw(UnsendableError, "too deep");
    let endless: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) endless = [endless];
    expect(() => event(endless)).to.throw(UnsendableError, "too deep");
  });

  it("refuse what JSON refuses", () => {
    expect(() => event(1n)).to.throw(TypeError);
  });
});

describe("client: frames it gets", () => {
  it("are normalised: ns and recovered are always there", () => {
    const connected = { type: "connected", sid: "s", pingInterval: 1, pingTimeout: 2, maxPayload: 3 };
    expect(decodeFrame(JSON.stringify(connected))).to.deep.equal({ ...connected, ns: "/", recovered: false });
  });

  it("give binary as a Buffer in Node", () => {
    const frame = decodeFrame(
      '{"type":"event","event":"e","args":[{"a":{"$binary":"AQID"}},{"$binary":""}]}',
    );
    expect(frame).to.have.deep.property("args", [{ a: Buffer.from([1, 2, 3]) }, Buffer.alloc(0)]);
  });

  it("leave alone what only looks like binary (5.2)", () => {
    const args = [
      { $binary: "AQ=" },
      { $binary: "AQ==", x: 1 },
      { $binary: 5 },
      { $binary: "A-_=" },
      ["$binary"],
    ];
    expect(decodeFrame(JSON.stringify({ type: "event", event: "e", args }))).to.have.deep.property(
      "args",
      args,
    );
  });

  it("keep a key named __proto__ an ordinary key", () => {
    const text = '{"type":"event","event":"e","args":[{"__proto__":{"$binary":"AQID"}}]}';
    const frame = decodeFrame(text) as unknown as { args: [object] };
    expect(Object.keys(frame.args[0])).to.deep.equal(["__proto__"]);
    expect(Object.getPrototypeOf(frame.args[0])).to.equal(Object.prototype);
  });

  it("of an unknown type are unknown, not malformed (2.7)", () => {
    expect(decodeFrame('{"type":"from-the-future","x":1}')).to.deep.equal({ type: "unknown" });
  });

  for (const text of [
    "",
    "x",
    "[]",
    "null",
    "{}",
    '{"type":1}',
    '{"type":"event","event":"e"}',
    '{"type":"event","args":[]}',
    '{"type":"event","event":"connect","args":[]}',
    '{"type":"event","event":"e","args":[],"id":-1}',
    '{"type":"event","event":"e","args":[],"ns":1}',
    '{"type":"ack","id":0}',
    '{"type":"ack","args":[]}',
    '{"type":"connected"}',
    '{"type":"connected","sid":"s","pingInterval":0,"pingTimeout":1,"maxPayload":1}',
    '{"type":"connect_error"}',
    '{"type":"error","code":"x"}',
  ]) {
    it(`are malformed as ${text || "an empty message"}, and nothing is thrown`, () => {
      expect(decodeFrame(text)).to.have.property("type", "malformed");
    });
  }
});

describe("client: binary without Node's Buffer", () => {
  it("is encoded by btoa, and given as an ArrayBuffer", () => {
    const versions = Object.getOwnPropertyDescriptor(process, "versions")!;
    Object.defineProperty(process, "versions", { ...versions, value: {} });
    try {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256);
      const frame = decodeFrame(event(bytes)) as unknown as { args: [ArrayBuffer] };
      expect(frame.args[0]).to.be.instanceOf(ArrayBuffer);
      expect(Buffer.compare(Buffer.from(frame.args[0]), bytes)).to.equal(0);
    } finally {
      Object.defineProperty(process, "versions", versions);
    }
  });
});
