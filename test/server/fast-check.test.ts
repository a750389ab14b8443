import { expect } from "chai";
import fc from "fast-check";
import { CALLS, type CallName } from "../../server/api/calls.js";
import { fastCheckOf, IN_DOUBT } from "../../server/api/fast-check.js";
import { Payload } from "../../server/api/payload.js";
import { checkCall, parseCall } from "../../server/connections/check-call.js";
import { SEED } from "../support/random.js";

const CALL_NAMES = Object.keys(CALLS) as CallName[];

/** Text that is good, nearly good, or any at all. */
const text = fc.oneof(
  fc.constantFrom(
    "",
    " ",
    "a",
    "lobby",
    "é",
    "комната",
    "部屋",
    "😀",
    "\ud800",
    "\u0000",
    "a\u0085",
    "\u2028",
    "\ufeff",
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
  fc
    .tuple(
      fc.constantFrom(...Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code))),
      fc.string(),
    )
    .map(([first, rest]) => first + rest),
  fc.constantFrom(63, 64, 65, 127, 128, 129, 8192, 8193).map((length) => "x".repeat(length)),
);

const number = fc.oneof(
  fc.constantFrom(0, -0, 1, 500, 501, -1, 0.5, 2 ** 53 - 1, 2 ** 53, Infinity, -Infinity, NaN),
  fc.integer(),
  fc.double(),
);

/** Values as transports deliver them, and such as none does. */
const data = fc.oneof(
  fc.anything({
    withNullPrototype: true,
    withTypedArray: true,
    withDate: true,
    withMap: true,
    withBigInt: true,
  }),
  fc.jsonValue(),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => ({ bytes: Buffer.from(bytes) })),
  fc.constantFrom(
    { _placeholder: true, num: 0 },
    [{ _placeholder: false }],
    JSON.parse('{"a":{"__proto__":1}}') as object,
    { toJSON: () => 1 },
    { toJSON: 1 },
    new Date(0),
    undefined,
  ),
  fc.constantFrom(98, 99, 100, 101).map((depth) => {
    let nested: unknown = 1;
    for (let n = 0; n < depth; n++) nested = n % 2 === 0 ? [nested] : { nested };
    return nested;
  }),
);

const position = fc.oneof(fc.record({ epoch: text, offset: number, more: data }, { requiredKeys: [] }), data);

const fields = fc.record(
  {
    ...{ room: text, to: text, id: text, token: text },
    ...{ data, limit: number, history: number, receipt: fc.oneof(fc.boolean(), data) },
    ...{ since: position, after: fc.oneof(position, text), before: position, position },
    ...{ unknown: data, __proto__: data },
  },
  { requiredKeys: [], noNullPrototype: false },
);

const argument = fc.oneof({ weight: 8, arbitrary: fields }, { weight: 1, arbitrary: data });

/** A call with its data as it came, to be compared. */
function plain(call: object | string): unknown {
  if (typeof call === "string" || !("data" in call)) return call;
  return { ...call, data: (call.data as Payload).value };
}

describe("the fast check of a call", () => {
  for (const name of CALL_NAMES) {
    it(`takes of ${name} what the schema takes, as the schema gives it, and nothing else`, () => {
      const check = fastCheckOf(CALLS[name].data);
      fc.assert(
        fc.property(argument, (given) => {
          const sure = check(given);
          if (sure !== IN_DOUBT) expect(plain(sure as object)).to.deep.equal(plain(parseCall(name, given)));
        }),
        { seed: SEED, numRuns: 2_000 },
      );
    });

    it(`is sure of the example of ${name}, which the schema is not asked about`, () => {
      const { data: schema, example } = CALLS[name];
      const isTold = schema._zod.def.type === "object" && (schema._zod.def.checks ?? []).length === 0;
      expect(fastCheckOf(schema)(example.data) !== IN_DOUBT).to.equal(isTold);
    });
  }

  it("leaves to the schema what may be wrong, which says how", () => {
    expect(checkCall("publish", { room: " ", data: 1 })).to.equal("publish.room must not be empty");
    expect(checkCall("publish", { room: "r" })).to.equal("publish.data is missing");
    expect(checkCall("publish", { room: "r", data: [{ _placeholder: true }] })).to.equal(
      "publish.data must not have an object whose _placeholder is true",
    );
  });

  it("leaves to the schema a label that it does not know, which may take it", () => {
    for (const room of ["😀", " a", "\ufffd"]) {
      expect(fastCheckOf(CALLS.leave.data)({ room })).to.equal(IN_DOUBT);
      expect(checkCall("leave", { room })).to.deep.equal({ room });
    }
  });

  it("gives a call that inherits nothing, and has no field that is not its own", () => {
    const given = Object.assign(Object.create({ id: "inherited" }) as object, { room: "r", data: 1 });
    for (const call of [checkCall("publish", { room: "r", data: 1, more: 1 }), checkCall("publish", given)]) {
      expect(Object.getPrototypeOf(call)).to.equal(null);
    }
    Object.defineProperty(Object.prototype, "id", { value: "of all", configurable: true, enumerable: true });
    const call = checkCall("publish", { room: "r", data: 1 });
    Reflect.deleteProperty(Object.prototype, "id");
    expect(call).to.have.all.keys("room", "data");
  });
});

describe("the text of a payload", () => {
  it("is that of JSON.stringify, and its size that of the text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { text: json, size } = new Payload(value);
        expect(json).to.equal(JSON.stringify(value));
        expect(size).to.deep.equal({ bytes: Buffer.byteLength(JSON.stringify(value)), binaries: 0 });
      }),
      { seed: SEED },
    );
  });

  it("is not known where it would not be all, or where objects have a say in it", () => {
    const odd = [
      Buffer.of(1),
      [new Uint8Array(1)],
      { a: new Date(0) },
      { toJSON: () => 1 },
      [undefined],
      1n,
      new Map(),
    ];
    for (const value of odd) expect(new Payload(value).text).to.equal(undefined);
    Object.defineProperty(Object.prototype, "toJSON", { value: () => "of all", configurable: true });
    try {
      expect(new Payload({ a: 1 }).text).to.equal(undefined);
    } finally {
      Reflect.deleteProperty(Object.prototype, "toJSON");
    }
  });
});
