/**
 * server/api/types.ts, made from the declarations: plain interfaces, which a program can use without zod and an editor can show with
 * their comments.
 */
import { calls, componentSchemas, dataName, events, type Json } from "./components.js";

const HEAD = `/**
 * The room API: its calls and events, and the shapes of what they carry. The same over Socket.IO and over the bridge.
 * docs/rooms-api.md says what they mean. Made from calls.ts and events.ts by
 * \`UPDATE_DOCS=1 npm test -- test/server/api-types.test.ts\`; imports nothing.
 */

/** Every ack of the room API: an answer, or an error of the table in errors.ts. */
export type Ack<Answer extends object = object> = ({ ok: true } & Answer) | { ok: false; error: ApiError };
`;

/** In the acks of types.ts it is `Ack`. */
const LEFT_OUT = new Set(["Refusal"]);

/** The server's enumerations to which a newer server may add. */
const OPEN = new Set(["ErrorCode"]);

export function apiTypes(): string {
  const schemas = componentSchemas();
  const print = (schema: Json): string => typeOf(schema, schemas);
  const types = Object.entries(schemas)
    .filter(([name, schema]) => !LEFT_OUT.has(name) && isNamed(name, schema))
    .map(([name, schema]) => declarationOf(name, schema, print));
  return [HEAD, ...types, clientEvents(), serverEvents()].join("\n");
}

function clientEvents(): string {
  const members = calls.map(([name, { description, answerName }]) => {
    const answer = answerName === undefined ? "Ack" : `Ack<${answerName}>`;
    return `${comment(description)}${name}(call: ${dataName(name)}, ack: (answer: ${answer}) => void): void;\n`;
  });
  return `/** The calls, as Socket.IO types events. */\nexport interface ClientEvents {\n${members.join("")}}\n`;
}

function serverEvents(): string {
  const members = events.map(
    ([name, { description, argumentName }]) =>
      `${comment(description)}${name}(argument: ${argumentName}): void;\n`,
  );
  return `/** The events that the server sends, likewise. */\nexport interface ServerEvents {\n${members.join("")}}\n`;
}

/** Objects and alternatives have names in TypeScript; texts and numbers with bounds are `string` and `number`. */
function isNamed(name: string, { type, oneOf, enum: values }: Json): boolean {
  return type === "object" || oneOf !== undefined || (values !== undefined && !OPEN.has(name));
}

function declarationOf(name: string, schema: Json, print: (schema: Json) => string): string {
  const doc = comment(schema["description"]);
  const type = print(schema);
  const isInterface = schema["type"] === "object" && type.startsWith("{");
  return isInterface ? `${doc}export interface ${name} ${type}\n` : `${doc}export type ${name} = ${type};\n`;
}

function typeOf(schema: Json, schemas: Readonly<Record<string, Json>>): string {
  const print = (part: unknown): string => typeOf(part as Json, schemas);
  const { $ref, allOf, oneOf, type, items, const: value, enum: values } = schema;
  if (typeof $ref === "string") {
    const name = $ref.split("/").at(-1) ?? "";
    if (OPEN.has(name)) return "string";
    const component = schemas[name];
    return component === undefined || isNamed(name, component) ? name : print(component);
  }
  if (Array.isArray(allOf) && allOf.some((part) => "$ref" in (part as Json)))
    return allOf.map(print).join(" & ");
  if (Array.isArray(oneOf)) return oneOf.map(print).join(" | ");
  if (value !== undefined) return JSON.stringify(value);
  if (Array.isArray(values)) return values.map((one) => JSON.stringify(one)).join(" | ");
  if (type === "array") return `${print(items)}[]`;
  if (type === "object") return objectOf(schema, schemas);
  if (type === "string" || type === "boolean") return type;
  return type === "integer" ? "number" : "unknown";
}

function objectOf(schema: Json, schemas: Readonly<Record<string, Json>>): string {
  const { properties, required } = schema as { properties?: Record<string, Json>; required?: string[] };
  const fields = Object.entries(properties ?? {});
  if (fields.length === 0) return "Record<string, never>";
  const lines = fields.map(([name, value]) => {
    const optional = required?.includes(name) === true ? "" : "?";
    return `${comment(docOf(value, schemas))}${name}${optional}: ${typeOf(value, schemas)};\n`;
  });
  return `{\n${lines.join("")}}`;
}

/** Its own, or that of what it is where `number` or `string` would say too little: the unit of a time, whose code. */
function docOf(field: Json, schemas: Readonly<Record<string, Json>>): unknown {
  const name = typeof field["$ref"] === "string" ? (field["$ref"].split("/").at(-1) ?? "") : "";
  const isTelling = OPEN.has(name) || schemas[name]?.["type"] === "integer";
  return isTelling ? schemas[name]?.["description"] : field["description"];
}

/** In lines of no more than prettier's width, which leaves comments alone. */
function comment(text: unknown): string {
  if (typeof text !== "string") return "";
  if (text.length <= 120) return `/** ${text} */\n`;
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last.length + word.length > 110) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return `/**\n${lines.map((line) => ` * ${line}\n`).join("")} */\n`;
}
