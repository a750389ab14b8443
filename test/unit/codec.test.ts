import assert from "node:assert/strict";
import { expect } from "chai";
import fc from "fast-check";
import msgpack from "socket.io-msgpack-parser";
import { Decoder, Encoder, PacketType } from "socket.io-parser";
import { DefaultCodec, type Codec, type PacketFrame } from "../../bridge/codec.js";
import type { WriteOptions } from "../../bridge/fanout/recipient.js";
import { parseClientFrame } from "../../bridge/frames.js";
import { ParserCodec, type Parser } from "../../bridge/parser-codec.js";
import { readVectors, type BinaryVector, type PacketVector } from "../support/vectors.js";

const noOffsets = (): boolean => false;

function bytesOf(chunk: string | { $binary: string }): string | Buffer {
  return typeof chunk === "string" ? chunk : Buffer.from(chunk.$binary, "base64");
}

function toSocketIO(codec: Codec, text: string): ReturnType<Codec["toSocketIO"]> {
  return codec.toSocketIO(parseClientFrame(text) as PacketFrame, text);
}

/** What a connection makes of a packet's chunks; one of them at most completes it. */
function fromSocketIO(
  codec: Codec,
  chunks: readonly unknown[],
  options: WriteOptions = {},
): string | undefined {
  const state = { partial: undefined };
  const completed = chunks.map((chunk) => codec.fromSocketIO(chunk, options, state)?.text);
  expect(completed.slice(0, -1).every((text) => text === undefined)).to.equal(true);
  return completed.at(-1);
}

describe("the codec", () => {
  for (const { name, direction, packet = [], error, text } of readVectors<PacketVector>("packets")) {
    it(`${direction === "in" ? "to" : "from"} Socket.IO: ${name}`, () => {
      const codec = new DefaultCodec(noOffsets);
      const chunks = packet.map(bytesOf);
      if (error !== undefined) expect(toSocketIO(codec, text)).to.include({ code: error });
      else if (direction === "in") expect(toSocketIO(codec, text)).to.deep.equal(chunks);
      else expect(fromSocketIO(codec, chunks)).to.equal(text);
    });
  }

  for (const { name, value, bytes } of readVectors<BinaryVector>("binary")) {
    it(`${bytes === null ? "leaves as it is" : "takes for binary"}: ${name}`, () => {
      const chunks = toSocketIO(
        new DefaultCodec(noOffsets),
        JSON.stringify({ type: "event", event: "x", args: [value] }),
      );
      if (!Array.isArray(chunks)) throw new Error(chunks.message);
      // The one vector with an object inside an object has a binary value there.
      const inner =
        typeof (value as { $binary?: unknown }).$binary === "object" &&
        !JSON.stringify(value).includes("null");
      const attachments = chunks.slice(1).map((chunk) => (chunk as Buffer).toString("hex"));
      expect(attachments).to.deep.equal(inner ? ["6869"] : bytes === null ? [] : [bytes]);
    });
  }

  it("refuses more binary values than Socket.IO takes", () => {
    const args = Array.from({ length: 11 }, () => ({ $binary: "" }));
    const text = JSON.stringify({ type: "event", event: "x", args });
    expect(toSocketIO(new DefaultCodec(noOffsets), text)).to.include({ code: "too_many_attachments" });
  });

  it("refuses a made-up placeholder beside binary, and passes it where it can do no harm", () => {
    const placeholder = { _placeholder: true, num: 9 };
    const codec = new DefaultCodec(noOffsets);
    const harmful = JSON.stringify({ type: "event", event: "x", args: [{ $binary: "" }, placeholder] });
    const harmless = JSON.stringify({ type: "event", event: "x", args: [placeholder] });
    expect(toSocketIO(codec, harmful)).to.include({ code: "invalid_field" });
    expect(toSocketIO(codec, harmless)).to.deep.equal([`2${JSON.stringify(["x", placeholder])}`]);
  });

  it("hands over just what Socket.IO's decoder would make of the same frame", () => {
    // Numbers that JSON.stringify writes in another way, and keys with a meaning, among others.
    const values = fc.oneof(
      { arbitrary: fc.json(), weight: 9 },
      fc.constantFrom("-0", "[-0.0]", '{"n":-1e-400}', '{"__proto__":{"id":1}}', '"\\ud800"', "1E-7"),
    );
    const frames = fc.record({
      head: fc.constantFrom(
        '"type":"event","event":"x"',
        '"type":"event","event":"__proto__"',
        '"type":"ack"',
      ),
      ns: fc.constantFrom("", ',"ns":"/a"', ',"ns":"/a/b"'),
      id: fc.constantFrom("0", "7", "123456", "-0", "9007199254740991"),
      args: fc.array(values),
    });
    let handedOver = 0;
    fc.assert(
      fc.property(frames, ({ head, ns, id, args }) => {
        const text = `{${head}${ns},"id":${id},"args":[${args.join()}]}`;
        const codec = new DefaultCodec(noOffsets);
        const packet = codec.toDecoded(parseClientFrame(text) as PacketFrame, text);
        if (packet === undefined) return;
        handedOver++;
        const decoded: unknown[] = [];
        const decoder = new Decoder();
        decoder.on("decoded", (read) => decoded.push(read));
        for (const chunk of toSocketIO(codec, text) as unknown[]) decoder.add(chunk);
        assert.deepStrictEqual([packet], decoded); // which tells -0 from 0, and one prototype from another
      }),
      { numRuns: 2_000 },
    );
    expect(handedOver).to.be.greaterThan(500);
  });

  it("leaves to the decoder what may hold binary", () => {
    const text = '{"type":"event","event":"x","args":[{"$binary":"aGk="}]}';
    expect(new DefaultCodec(noOffsets).toDecoded(parseClientFrame(text) as PacketFrame, text)).to.equal(
      undefined,
    );
  });

  it("says on the way out just what Socket.IO's own parser would read", () => {
    const packets = fc.record({
      type: fc.constant(PacketType.EVENT),
      nsp: fc.constantFrom("/", "/a", "/a/b"),
      id: fc.option(fc.nat(), { nil: undefined }),
      data: fc.tuple(fc.string(), fc.jsonValue(), fc.jsonValue()),
    });
    fc.assert(
      fc.property(packets, (packet) => {
        const chunks = new Encoder().encode(packet as never);
        const frame = JSON.parse(fromSocketIO(new DefaultCodec(noOffsets), chunks) ?? "") as object;
        const [event, ...args] = JSON.parse(JSON.stringify(packet.data)) as [string, ...unknown[]];
        const ns = packet.nsp === "/" ? {} : { ns: packet.nsp };
        const id = packet.id === undefined ? {} : { id: packet.id };
        expect(frame).to.deep.equal({ type: "event", ...ns, event, args, ...id });
      }),
    );
  });

  it("says on the way in just what a Socket.IO client would say", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.jsonValue()), fc.nat(), (name, args, id) => {
        const text = JSON.stringify({ type: "event", ns: "/a", event: `x${name}`, args, id });
        const chunks = toSocketIO(new DefaultCodec(noOffsets), text) as unknown[];
        const decoder = new Decoder();
        const decoded: unknown[] = [];
        decoder.on("decoded", (packet: unknown) => decoded.push(packet));
        for (const chunk of chunks) decoder.add(chunk);
        const data = JSON.parse(JSON.stringify([`x${name}`, ...args])) as unknown;
        expect(decoded).to.deep.equal([{ type: PacketType.EVENT, nsp: "/a", id, data }]);
      }),
    );
  });

  it("translates a broadcast once, and frames it once", () => {
    const codec = new DefaultCodec(noOffsets);
    const options = {};
    const first = codec.fromSocketIO('2["x"]', options, { partial: undefined });
    const second = codec.fromSocketIO('2["x"]', options, { partial: undefined });
    expect(second).to.equal(first);
    expect(second?.frame).to.equal(first?.frame);
    expect(codec.fromSocketIO('2["x"]', {}, { partial: undefined })).to.not.equal(first);
  });

  it("translates a binary broadcast once, though each recipient is handed all its chunks", () => {
    const codec = new DefaultCodec(noOffsets);
    const options = {};
    const chunks = ['51-["x",{"_placeholder":true,"num":0}]', Buffer.from("hi")];
    const [first, second] = [1, 2].map(() => {
      const state = { partial: undefined };
      return chunks.map((chunk) => codec.fromSocketIO(chunk, options, state)).at(-1);
    });
    expect(first?.text).to.equal('{"type":"event","event":"x","args":[{"$binary":"aGk="}]}');
    expect(second).to.equal(first);
  });

  describe("with connection state recovery", () => {
    const recovering = (): Codec => new DefaultCodec((ns) => ns === "/");

    it("takes the offset out of the arguments", () => {
      expect(fromSocketIO(recovering(), ['2["x",1,"off"]'])).to.equal(
        '{"type":"event","event":"x","args":[1],"offset":"off"}',
      );
      expect(fromSocketIO(recovering(), ['2["x","off"]'])).to.equal(
        '{"type":"event","event":"x","args":[],"offset":"off"}',
      );
      expect(fromSocketIO(recovering(), ['2["x","a,\\"]","o\\\\\\"f"]'])).to.equal(
        '{"type":"event","event":"x","args":["a,\\"]"],"offset":"o\\\\\\"f"}',
      );
    });

    it("leaves arguments alone where there is no offset", () => {
      const text = '{"type":"event","event":"x","args":["mine"]}';
      expect(fromSocketIO(recovering(), ['2["x","mine"]'], { volatile: true })).to.equal(text);
      expect(fromSocketIO(recovering(), ['23["x","mine"]'])).to.equal(`${text.slice(0, -1)},"id":3}`);
      expect(fromSocketIO(recovering(), ['2/a,["x","mine"]'])).to.equal(
        text.replace("{", '{"ns":"/a",').replace('"ns":"/a","type":"event"', '"type":"event","ns":"/a"'),
      );
      expect(fromSocketIO(recovering(), ['2["x"]'])).to.equal('{"type":"event","event":"x","args":[]}');
      expect(fromSocketIO(recovering(), ['2["x",7]'])).to.equal('{"type":"event","event":"x","args":[7]}');
    });
  });
});

describe("the codec for other parsers", () => {
  const parser = msgpack as unknown as Parser;

  it("says the same as the codec for the default one, both ways", () => {
    const text = '{"type":"event","ns":"/a","event":"x","args":[1,{"b":[{"$binary":"aGk="}]}],"id":3}';
    const codec = new ParserCodec(parser, noOffsets);
    const chunks = toSocketIO(codec, text);
    if (!Array.isArray(chunks)) throw new Error(chunks.message);
    expect(JSON.parse(fromSocketIO(codec, chunks) ?? "")).to.deep.equal(JSON.parse(text));
  });

  it("goes through toJSON as JSON would, and takes the offset out of the arguments", () => {
    const codec = new ParserCodec(parser, () => true);
    const at = new Date(0);
    const packet = {
      type: PacketType.EVENT,
      nsp: "/",
      data: ["x", { at: { toJSON: () => at.toJSON() } }, "off"],
    };
    const encoder = new parser.Encoder();
    // The parser itself has no say in toJSON; what it hands on is what counts.
    const chunks = encoder.encode(JSON.parse(JSON.stringify(packet)) as typeof packet);
    expect(fromSocketIO(codec, chunks)).to.equal(
      '{"type":"event","event":"x","args":[{"at":"1970-01-01T00:00:00.000Z"}],"offset":"off"}',
    );
  });
});
