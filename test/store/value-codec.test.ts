import { expect } from "chai";
import fc from "fast-check";
import { decodeValue, encodeValue } from "../../server/store/value-codec.js";
import { StoreError } from "../../server/store/store.js";

const bytes = fc.uint8Array({ maxLength: 20 });

/** Keys that have led codecs astray, beside random ones. */
const key = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toJSON", "$binary", "_placeholder", "num", "length", "0", ""),
  fc.string({ unit: "binary" }),
);

/** JSON, with binary of every kind at any place. */
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    // JSON has no -0: JSON.stringify writes it as 0.
    fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown),
    bytes.map((data) => Buffer.from(data)),
    bytes.map((data) => data.slice().buffer),
    bytes.map((data) => new DataView(data.slice().buffer)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries) => objectOf(entries)),
  ),
}));

/** Not Object.fromEntries of entries as they come: of two with one key the last must win in its first place, as in JSON. */
function objectOf(entries: [string, unknown][]): object {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

/** The value with every binary value as a Buffer, as it is read back. */
function asRead(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(asRead);
  if (typeof value !== "object" || value === null) return value;
  return objectOf(Object.entries(value).map(([name, item]) => [name, asRead(item)]));
}

describe("the codec of stored values", () => {
  it("gives every JSON value back exactly, with binary values as Buffers", () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(decodeValue(encodeValue(value))).to.deep.equal(asRead(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it("gives JSON text back as JSON.parse does, with the same order of keys", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        const read = decodeValue(encodeValue(value));
        expect(JSON.stringify(read)).to.equal(JSON.stringify(value));
      }),
    );
  });

  it("reads a __proto__ key as a key, and never as a prototype", () => {
    const value = JSON.parse('{"__proto__":{"a":null}}') as { __proto__: { a: unknown } };
    value["__proto__"].a = Buffer.from("x");
    const read = decodeValue(encodeValue(value)) as object;
    expect(Object.getPrototypeOf(read)).to.equal(Object.prototype);
    expect(Object.keys(read)).to.deep.equal(["__proto__"]);
    expect(read).to.deep.equal(value);
  });

  it("gives each reader bytes of its own", () => {
    const stored = encodeValue([Buffer.from("abc")]);
    const [first] = decodeValue(stored) as [Buffer];
    first.fill(0);
    expect(decodeValue(stored)).to.deep.equal([Buffer.from("abc")]);
  });

  it("writes an object with a toJSON as JSON.stringify does, whatever else it holds", () => {
    const date = new Date(0);
    const odd = { bytes: Buffer.from("x"), toJSON: () => "instead" };
    expect(decodeValue(encodeValue([date, odd]))).to.deep.equal([date.toISOString(), "instead"]);
  });

  it("refuses what JSON cannot hold", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const value of [undefined, () => 1, Symbol("s"), 1n, [1n]]) {
      expect(() => encodeValue(value)).to.throw(TypeError);
    }
    expect(() => encodeValue(circle)).to.throw();
  });

  it("throws the StoreError damaged, and nothing else, for bytes that it did not make", () => {
    const check = (data: Buffer) => {
      try {
        decodeValue(data);
      } catch (error) {
        expect(error).to.be.instanceOf(StoreError);
        expect(error).to.include({ code: "damaged" });
      }
    };
    fc.assert(fc.property(bytes, (data) => check(Buffer.from(data))));
    fc.assert(
      fc.property(anyValue, fc.nat(), fc.integer({ min: 0, max: 255 }), (value, at, byte) => {
        const data = encodeValue(value);
        data[at % data.length] = byte;
        check(data);
        check(data.subarray(0, at % data.length));
      }),
    );
    expect(() => decodeValue(Buffer.alloc(0))).to.throw(StoreError);
    expect(() => decodeValue(Buffer.from([9]))).to.throw(StoreError);
  });
});
