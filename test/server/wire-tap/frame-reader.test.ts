import { expect } from "chai";
import fc from "fast-check";
import { FrameReader, type RawFrame } from "../../../server/demo/wire-tap/frame-reader.js";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const texts = (frames: RawFrame[]): string[] => frames.map(({ payload }) => payload.toString());

/** A frame's bytes, with the shortest header. */
function frame(
  payload: Buffer,
  { opcode = 1, fin = true, mask }: { opcode?: number; fin?: boolean; mask?: Buffer } = {},
): Buffer {
  const length = payload.length;
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
  if (extended.length === 2) extended.writeUInt16BE(length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  const short = extended.length === 0 ? length : extended.length === 2 ? 126 : 127;
  const head = Buffer.from([(fin ? 0x80 : 0) | opcode, (mask === undefined ? 0 : 0x80) | short]);
  const body = Buffer.from(payload.map((byte, i) => byte ^ (mask?.[i % 4] ?? 0)));
  return Buffer.concat([head, extended, mask ?? Buffer.alloc(0), body]);
}

describe("the frame reader", () => {
  // RFC 6455, section 5.7.
  it("reads a text frame", () => {
    expect(new FrameReader(100).read(bytes("81 05 48 65 6c 6c 6f"))).to.deep.equal([
      {
        fin: true,
        compressed: false,
        opcode: 1,
        masked: false,
        headerBytes: 2,
        payloadBytes: 5,
        payload: Buffer.from("Hello"),
      },
    ]);
  });

  it("unmasks a masked one", () => {
    const [read] = new FrameReader(100).read(bytes("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
    expect(read).to.deep.include({ masked: true, headerBytes: 6, payload: Buffer.from("Hello") });
  });

  it("reads the parts of a fragmented message as they are", () => {
    const frames = new FrameReader(100).read(bytes("01 03 48 65 6c 80 02 6c 6f"));
    expect(frames.map(({ fin, opcode }) => [fin, opcode])).to.deep.equal([
      [false, 1],
      [true, 0],
    ]);
    expect(texts(frames)).to.deep.equal(["Hel", "lo"]);
  });

  it("reads empty frames, the last of a chunk too", () => {
    const frames = new FrameReader(100).read(bytes("89 00 8a 80 01 02 03 04"));
    expect(
      frames.map(({ opcode, headerBytes, payloadBytes }) => [opcode, headerBytes, payloadBytes]),
    ).to.deep.equal([
      [9, 2, 0],
      [10, 6, 0],
    ]);
  });

  it("tells a compressed frame", () => {
    expect(new FrameReader(9).read(bytes("c1 01 00"))[0]).to.include({
      compressed: true,
      opcode: 1,
      fin: true,
    });
  });

  for (const [length, header] of [
    [125, 2],
    [126, 4],
    [65_535, 4],
    [65_536, 10],
  ] as const) {
    it(`reads a payload of ${length} bytes, behind a header of ${header}`, () => {
      const payload = Buffer.alloc(length, "x");
      const [read] = new FrameReader(length).read(frame(payload));
      expect(read).to.include({ headerBytes: header, payloadBytes: length });
      expect(read?.payload.equals(payload)).to.equal(true);
      const [masked] = new FrameReader(length).read(frame(payload, { mask: bytes("01020304") }));
      expect(masked).to.include({ headerBytes: header + 4, payloadBytes: length });
      expect(masked?.payload.equals(payload)).to.equal(true);
    });
  }

  it("keeps no more of a payload than it was told, and counts all of it", () => {
    const reader = new FrameReader(4);
    const frames = reader.read(
      Buffer.concat([frame(Buffer.from("Hello, world")), frame(Buffer.from("Bye"))]),
    );
    expect(texts(frames)).to.deep.equal(["Hell", "Bye"]);
    expect(frames[0]).to.include({ payloadBytes: 12 });
  });

  it("keeps no reference to the chunk, which its owner may use again", () => {
    const reader = new FrameReader(100);
    const chunk = frame(Buffer.from("Hello"));
    reader.read(chunk.subarray(0, 4));
    const rest = Buffer.from(chunk.subarray(4));
    chunk.fill(0);
    expect(texts(reader.read(rest))).to.deep.equal(["Hello"]);
  });

  it("reads the same frames however the bytes are cut", () => {
    const aFrame = fc.record({
      payload: fc.uint8Array({ maxLength: 300 }),
      opcode: fc.constantFrom(0, 1, 2, 8, 9, 10),
      fin: fc.boolean(),
      mask: fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(aFrame, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 50 })),
        (frames, cuts) => {
          const stream = Buffer.concat(
            frames.map(({ payload, opcode, fin, mask }) =>
              frame(Buffer.from(payload), {
                opcode,
                fin,
                ...(mask === undefined ? {} : { mask: Buffer.from(mask) }),
              }),
            ),
          );
          const reader = new FrameReader(1_000);
          const read: RawFrame[] = [];
          let at = 0;
          for (const cut of cuts) read.push(...reader.read(stream.subarray(at, (at += cut))));
          read.push(...reader.read(stream.subarray(at)));
          expect(read.map(({ opcode, fin, payload }) => ({ opcode, fin, payload }))).to.deep.equal(
            frames.map(({ opcode, fin, payload }) => ({ opcode, fin, payload: Buffer.from(payload) })),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});
