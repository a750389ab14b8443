/** The schemas of the declarations in server/api, by name, as JSON Schema. */
import { z } from "zod";
import { CALLS, type CallName } from "../../server/api/calls.js";
import type { CallDeclaration, EventDeclaration } from "../../server/api/declaration.js";
import type { ApiErrorCode } from "../../server/api/errors.js";
import { EVENTS, type ServerEventName } from "../../server/api/events.js";
import { SHAPES } from "../../server/api/shapes.js";

/** A JSON Schema, or another part of the document. */
export type Json = Record<string, unknown>;

export const calls = Object.entries(CALLS) as [
  CallName,
  CallDeclaration<z.ZodType, z.ZodType, ApiErrorCode>,
][];
export const events = Object.entries(EVENTS) as [ServerEventName, EventDeclaration<z.ZodType>][];

/** The name of a call's argument: `InboxAckCall`. */
export function dataName(call: CallName): string {
  const words = call.split("_").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `${words.join("")}Call`;
}

export function ref(component: string): Json {
  return { $ref: `#/components/schemas/${component}` };
}

/** An ack's one argument: the call's answer, or an error. */
export function ackSchema(answerName: string | undefined): Json {
  const isOk: Json = { type: "object", properties: { ok: { const: true } }, required: ["ok"] };
  return {
    oneOf: [answerName === undefined ? isOk : { allOf: [isOk, ref(answerName)] }, ref("Refusal")],
  };
}

/** All components, as JSON Schema draft 7, which AsyncAPI's own schemas are a superset of. */
export function componentSchemas(): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of namedSchemas()) registry.add(schema, { id });
  const uri = (id: string): string => `#/components/schemas/${id}`;
  // As input: a client must ignore fields that it does not know, so the schemas forbid none.
  const { schemas } = z.toJSONSchema(registry, { target: "draft-7", io: "input", uri });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { ...schema }]) => {
      // The document says what dialect they are in, and where they are.
      delete schema.$schema;
      delete schema.$id;
      return [name, tidied(schema)];
    }),
  );
}

/**
 * What zod makes of a component that was given a description of its own, or may be left out, is an `allOf` of the component and of patterns
 * that it has anyway. Nothing may stand beside a `$ref`, so that one with a description stays in the `allOf`.
 */
function tidied(schema: Json): Json {
  const { properties, allOf, ...rest } = schema as Json & {
    properties?: Record<string, Json>;
    allOf?: Json[];
  };
  const component = allOf?.find((part) => "$ref" in part);
  if (component !== undefined)
    return Object.keys(rest).length === 0 ? component : { allOf: [component], ...rest };
  if (properties === undefined) return schema;
  const fields = Object.entries(properties).map(([field, value]) => [field, tidied(value)]);
  return { ...schema, properties: Object.fromEntries(fields) };
}

function namedSchemas(): Map<string, z.ZodType> {
  return new Map<string, z.ZodType>([
    ...Object.entries(SHAPES),
    ...calls.map(([name, { data }]): [string, z.ZodType] => [dataName(name), data]),
    ...calls.flatMap(([, { answer, answerName }]): [string, z.ZodType][] =>
      answerName === undefined ? [] : [[answerName, answer]],
    ),
    ...events.map(([, { argument, argumentName }]): [string, z.ZodType] => [argumentName, argument]),
  ]);
}
