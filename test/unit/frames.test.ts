import { expect } from "chai";
import fc from "fast-check";
import { endOfString, MAX_DEPTH, parseClientFrame } from "../../bridge/frames.js";
import { readVectors, type ClientFrameVector } from "../support/vectors.js";

describe("the parser of client frames", () => {
  for (const { name, text, frame, error, id } of readVectors<ClientFrameVector>("client-frames")) {
    it(error === undefined ? `reads: ${name}` : `answers ${error}: ${name}`, () => {
      const parsed = parseClientFrame(text);
      if (parsed.type !== "malformed") {
        expect(parsed).to.deep.equal(frame);
        return;
      }
      expect({ code: parsed.code, id: parsed.id }).to.deep.equal({ code: error, id });
      expect(parsed.message).to.be.a("string").that.is.not.empty;
    });
  }

  it("reads back every event that JSON can hold", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.jsonValue({ maxDepth: 5 })),
        fc.option(fc.maxSafeNat()),
        (event, args, id) => {
          // JSON has no -0: what is read back is what was written.
          const text = JSON.stringify({ type: "event", event: `x${event}`, args, id });
          const written = JSON.parse(text) as { event: string; args: unknown[] };
          const expected = { type: "event", ns: "/", event: written.event, args: written.args };
          expect(parseClientFrame(text)).to.deep.equal(id === null ? expected : { ...expected, id });
        },
      ),
    );
  });

  it("refuses numbers that a double cannot hold, wherever they are", () => {
    const digits = (count: number): string => "9".repeat(count);
    for (const number of ["1e999", "-1E+400", digits(309), `${digits(250)}e60`, `${digits(250)}.5E99`]) {
      for (const args of [`[${number}]`, `["[",{"a":[1,${number}]}]`, `[${number} ,1]`]) {
        const parsed = parseClientFrame(`{"type":"event","event":"x","id":3,"args":${args}}`);
        expect(parsed, args).to.include({ type: "malformed", code: "invalid_field", id: 3 });
      }
    }
    for (const number of ["1e308", "5e-324", "1e-999", digits(308), `"1e999"`, `"${digits(400)}"`]) {
      expect(parseClientFrame(`{"type":"ping","data":${number}}`).type, number).to.equal("ping");
    }
  });

  it("never throws, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.json(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          expect(parseClientFrame(text).type).to.be.a("string");
        },
      ),
    );
  });

  it("counts the depth of brackets, whatever stands in strings between them", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 2 * MAX_DEPTH }), (strings) => {
        const nested = strings.reduceRight<unknown>((inner, string) => [string, inner], 0);
        const parsed = parseClientFrame(JSON.stringify({ type: "event", event: "x", args: nested }));
        const tooDeep = strings.length + 1 > MAX_DEPTH;
        expect(parsed.type === "malformed" && parsed.code === "too_deep").to.equal(tooDeep);
      }),
    );
  });

  it("keeps a client's own words short in its answer", () => {
    const parsed = parseClientFrame(JSON.stringify({ type: "y".repeat(100_000) }));
    expect(parsed).to.have.property("message").with.length.below(100);
  });
});

describe("the end of a JSON string", () => {
  it("is its closing quote, past all escapes", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (string, rest) => {
        const json = JSON.stringify(string);
        expect(endOfString(json + rest, 0)).to.equal(json.length - 1);
      }),
    );
  });
});
