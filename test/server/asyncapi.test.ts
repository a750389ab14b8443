/** docs/asyncapi.json. `UPDATE_DOCS=1 npm test -- test/server/asyncapi.test.ts` writes it anew. */
import { Ajv, type ValidateFunction } from "ajv";
import { expect } from "chai";
import fc from "fast-check";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { format, resolveConfig } from "prettier";
import { z } from "zod";
import { describeRoomsApi } from "../../scripts/documents/asyncapi.js";
import { CALLS as DECLARED_CALLS, type CallName } from "../../server/api/calls.js";
import { COMMON_ERRORS } from "../../server/api/declaration.js";
import { API_ERRORS } from "../../server/api/errors.js";
import { EVENTS as DECLARED_EVENTS, type ServerEventName } from "../../server/api/events.js";
import { SHAPES } from "../../server/api/shapes.js";
import { ackSchema } from "./support/acks.js";
import { mutant } from "./support/mutants.js";

const PATH = "docs/asyncapi.json";
const CALLS = Object.keys(DECLARED_CALLS) as CallName[];
const EVENTS = Object.keys(DECLARED_EVENTS) as ServerEventName[];

interface Message {
  payload: object;
  examples: { payload: unknown }[];
}

interface Described {
  description?: string;
  $ref?: string;
}

interface Document {
  channels: Record<string, { messages: Record<string, Message> }>;
  operations: Record<string, { action: string }>;
  components: { schemas: Record<string, object> };
  "x-error-codes": unknown;
}

/** Each message by its key in the document: what the server checks it with, and an example. */
const PAYLOADS: [string, z.ZodType, unknown][] = [
  ...CALLS.flatMap((call): [string, z.ZodType, unknown][] => {
    const { data, example } = DECLARED_CALLS[call];
    return [
      [`call.${call}`, data, example.data],
      [`ack.${call}`, ackSchema(call), { ok: true, ...example.answer }],
    ];
  }),
  ...EVENTS.map((event): [string, z.ZodType, unknown] => {
    const { argument, example } = DECLARED_EVENTS[event];
    return [`event.${event}`, argument, example];
  }),
];

/** The objects that the document has by their names. */
const NAMED: [string, z.ZodObject][] = [
  ...Object.entries<z.ZodType>(SHAPES),
  ...CALLS.map((call): [string, z.ZodType] => [
    DECLARED_CALLS[call].answerName ?? "",
    DECLARED_CALLS[call].answer,
  ]),
  ...EVENTS.map((event): [string, z.ZodType] => [
    DECLARED_EVENTS[event].argumentName,
    DECLARED_EVENTS[event].argument,
  ]),
].filter((named): named is [string, z.ZodObject] => named[0] !== "" && named[1] instanceof z.ZodObject);

async function generate(): Promise<string> {
  const { version } = JSON.parse(readFileSync("server/package.json", "utf8")) as { version: string };
  const document = JSON.stringify(describeRoomsApi(version));
  return format(document, { ...(await resolveConfig(PATH)), filepath: PATH });
}

/** Compiles the payload schemas of the document as what they are: JSON Schema. */
function compiler({ components }: Document): (payload: object) => ValidateFunction {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
  const moved = (schema: object): object =>
    JSON.parse(
      JSON.stringify(schema).replaceAll("#/components/schemas/", "components#/definitions/"),
    ) as object;
  ajv.addSchema({ $id: "components", definitions: moved(components.schemas) });
  return (payload) => ajv.compile(moved(payload));
}

/** AsyncAPI's own schema, by whoever writes it. (Its parser brings 169 packages, one with an install script, for the same answer.) */
function asyncApi(): ValidateFunction {
  const schema = createRequire(import.meta.url)("@asyncapi/specs/schemas/3.0.0.json") as object;
  // It has the schema of schemas in it, and names formats that are not checked here.
  return new Ajv({ strict: false, meta: false, validateSchema: false, validateFormats: false }).compile(
    schema,
  );
}

/** What a reference within a document points at (RFC 6901). */
function find(document: unknown, reference: string): unknown {
  const steps = reference.split("/").slice(1);
  return steps.reduce<unknown>((at, step) => {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    return typeof at === "object" && at !== null ? (Reflect.get(at, name) as unknown) : undefined;
  }, document);
}

describe(PATH, () => {
  let document: Document;
  let compile: (payload: object) => ValidateFunction;
  const read = (): string => readFileSync(PATH, "utf8");
  const messageOf = (protocol: string, key: string): Message => {
    const message = document.channels[protocol]?.messages[key];
    if (message === undefined) throw new Error(`no message ${key} over ${protocol}`);
    return message;
  };

  before(async () => {
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PATH, await generate());
    document = JSON.parse(read()) as Document;
    compile = compiler(document);
  });

  it("is what the declarations make of it", async () => {
    expect(read()).to.equal(await generate());
  });

  it("is valid AsyncAPI 3.0", function () {
    this.timeout(60_000); // AsyncAPI's own schema is large.
    const validates = asyncApi();
    expect(validates(document), JSON.stringify(validates.errors)).to.equal(true);
    for (const wrong of [
      { ...document, asyncapi: "2.0.0" },
      { ...document, operations: { "socketio.call.join": { action: "recieve" } } },
      { ...document, channel: {} },
    ]) {
      expect(validates(wrong)).to.equal(false);
    }
  });

  it("refers only to what it has", () => {
    const references = [...read().matchAll(/"\$ref": "([^"]*)"/g)].map(([, to = ""]) => to);
    expect(references).to.include("#/components/schemas/Position");
    expect([...new Set(references)].filter((to) => find(document, to) === undefined)).to.deep.equal([]);
    expect(find(document, "#/components/schemas/Nothing")).to.equal(undefined);
  });

  it("has every call and every event over both protocols, and nothing else", () => {
    const messages = [
      ...CALLS.flatMap((call) => [`call.${call}`, `ack.${call}`]),
      ...EVENTS.map((event) => `event.${event}`),
    ];
    expect(Object.keys(document.channels)).to.deep.equal(["socketio", "bridge"]);
    const operations: Record<string, string> = {};
    for (const [name, channel] of Object.entries(document.channels)) {
      expect(channel.messages).to.have.all.keys(messages);
      for (const call of CALLS) operations[`${name}.call.${call}`] = "receive";
      for (const event of EVENTS) operations[`${name}.event.${event}`] = "send";
    }
    const actions = Object.entries(document.operations).map(([name, { action }]) => [name, action]);
    expect(Object.fromEntries(actions)).to.deep.equal(operations);
  });

  it("has the error codes of the source", () => {
    expect(document["x-error-codes"]).to.deep.equal(API_ERRORS);
    expect(document.components.schemas["ErrorCode"])
      .to.have.property("enum")
      .that.has.members(Object.keys(API_ERRORS));
    expect(document.components.schemas["ApiError"])
      .to.have.nested.property("properties.code.$ref")
      .that.equals("#/components/schemas/ErrorCode");
  });

  it("has with each call what it may be refused with", () => {
    for (const call of CALLS) {
      expect(document.operations[`bridge.call.${call}`])
        .to.have.property("x-errors")
        .that.has.members([...DECLARED_CALLS[call].errors, ...COMMON_ERRORS]);
    }
  });

  it("has the descriptions of objects, and of each field that has one in the source", () => {
    let fields = 0;
    for (const [name, schema] of NAMED) {
      if (schema.description !== undefined)
        expect(document.components.schemas[name]).to.have.property("description", schema.description);
      for (const [field, { description }] of Object.entries(schema.shape)) {
        if (description === undefined) continue;
        fields++;
        const found = find(document, `#/components/schemas/${name}/properties/${field}`) as Described;
        const { description: said } =
          found.$ref === undefined ? found : (find(document, found.$ref) as Described);
        expect(said, `${name}.${field}`).to.equal(description);
      }
    }
    expect(fields).to.be.greaterThan(30);
  });

  it("has with each call what it does, and where that is said at length", () => {
    for (const call of CALLS) {
      const { description = "", section } = DECLARED_CALLS[call];
      expect(document.operations[`socketio.call.${call}`])
        .to.have.property("description")
        .that.equals(`${description} See docs/rooms-api.md, ${section}.`.trim());
    }
  });

  for (const [key, schema, example] of PAYLOADS) {
    it(`takes and refuses the same as the server: ${key}`, () => {
      const validates = compile(messageOf("socketio", key).payload);
      const verdicts = new Set<boolean>();
      fc.assert(
        fc.property(mutant(example), (value) => {
          const verdict = schema.safeParse(value).success;
          verdicts.add(verdict);
          expect(validates(value), JSON.stringify(validates.errors)).to.equal(verdict);
        }),
        { numRuns: 300 },
      );
      expect([...verdicts], "values of both kinds").to.have.members([true, false]);
    });

    it(`has an example that the server would take, over both protocols: ${key}`, () => {
      const [plain] = messageOf("socketio", key).examples;
      expect(plain?.payload).to.deep.equal(example);
      expect(schema.safeParse(plain?.payload).success).to.be.true;
      const { payload, examples } = messageOf("bridge", key);
      const frame = examples[0]?.payload as { args: unknown[] };
      expect(frame.args).to.deep.equal([example]);
      const validates = compile(payload);
      expect(validates(frame), JSON.stringify(validates.errors)).to.be.true;
      for (const args of [[], [null], [example, example]]) {
        expect(validates({ ...frame, args }), JSON.stringify(args)).to.be.false;
      }
    });
  }

  it("bounds strings in code points, which lets through more than the server's UTF-16 code units", () => {
    const validates = compile(messageOf("socketio", "call.join").payload);
    for (const [room, server, json] of [
      ["😀".repeat(64), true, true],
      ["😀".repeat(65), false, true],
      ["😀".repeat(129), false, false],
    ] as const) {
      expect(DECLARED_CALLS.join.data.safeParse({ room }).success).to.equal(server);
      expect(validates({ room })).to.equal(json);
    }
  });

  it("leaves it to the server to refuse a surrogate alone, of which no pattern means the same everywhere", () => {
    const validates = compile(messageOf("socketio", "call.join").payload);
    for (const room of ["\ud800", "a\udc00", "\udc00\ud800"]) {
      expect(DECLARED_CALLS.join.data.safeParse({ room }).success).to.equal(false);
      expect(validates({ room })).to.equal(true);
    }
  });
});
