import { expect } from "chai";
import fc from "fast-check";
import { EventStreamParser, type StreamEvent } from "../../../clients/typescript/src/http/event-stream.js";
import { SEED } from "../../support/random.js";

const ANSWER =
  'event: open\ndata: {"next":17}\n\n: padding\n\ndata: {"type":"pong"}\n\nevent: ping\ndata: {}\n\n' +
  'event: news\ndata: later\n\ndata: {"x":"größer 😀"}\n\nevent: close\ndata: {"code":4501,"reason":"server_shutdown"}\n\n';

const EVENTS: readonly StreamEvent[] = [
  { type: "open", next: 17 },
  { type: "frame", text: '{"type":"pong"}' },
  { type: "ping" },
  { type: "frame", text: '{"x":"größer 😀"}' },
  { type: "close", code: 4501, reason: "server_shutdown" },
];

/** What a decoder and a parser make of bytes that come in these pieces. */
function parse(pieces: readonly Uint8Array[]): StreamEvent[] {
  const decoder = new TextDecoder();
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(decoder.decode(piece, { stream: true })));
}

describe("client over HTTP: the events of an answer (12.5)", () => {
  const bytes = new TextEncoder().encode(ANSWER);

  it("are read, comments and events of other names ignored", () => {
    expect(parse([bytes])).to.deep.equal(EVENTS);
  });

  it("are the same wherever the answer is cut in two", () => {
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse([bytes.subarray(0, at), bytes.subarray(at)]), `cut at ${at}`).to.deep.equal(EVENTS);
    }
  });

  it("are the same in pieces of any size", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(sizes, (lengths) => {
        const pieces: Uint8Array[] = [];
        for (let from = 0, n = 0; from < bytes.length; n++) {
          const to = from + (lengths[n % lengths.length] ?? 1);
          pieces.push(bytes.subarray(from, to));
          from = to;
        }
        expect(parse(pieces)).to.deep.equal(EVENTS);
      }),
      { seed: SEED },
    );
  });

  it("have come when the empty line after them has, and not before", () => {
    const parser = new EventStreamParser();
    expect(parser.push('data: {"n":1}\n')).to.deep.equal([]);
    expect(parser.push("\n")).to.deep.equal([{ type: "frame", text: '{"n":1}' }]);
  });

  for (const text of [
    "event: open\ndata: {}\n\n",
    "event: open\ndata: no\n\n",
    'event: close\ndata: {"code":"x"}\n\n',
  ]) {
    it(`are malformed: ${JSON.stringify(text)}`, () => {
      expect(new EventStreamParser().push(text)).to.deep.equal([{ type: "malformed" }]);
    });
  }
});
