/**
 * Checks that cost little beside those of the schemas: what they take is surely good, and of all else they say that they do not know. Then
 * the schema is asked, and it alone says what is wrong.
 *
 * A check is made from the schema of the call. What the schema says in code of its own (a pattern, a refinement), the check is told
 * with `surely`; an object with a part that nobody has told it about, it leaves to the schema altogether.
 */
import type { z } from "zod";

/** What a check says of what it does not know. */
export const IN_DOUBT = Symbol("in doubt");

/** Gives what the schema gives, or `IN_DOUBT`; of the `data` of a call, the `Payload`. */
export type FastCheck = (value: unknown) => unknown;

const TOLD = new WeakMap<z.core.$ZodType, FastCheck>();

/** Tells what of the values of a schema is surely good. Returns the schema; one that is made of it is another. */
export function surely<Schema extends z.core.$ZodType>(schema: Schema, check: FastCheck): Schema {
  TOLD.set(schema, check);
  return schema;
}

/** The same for a schema that gives its values as they are. */
export function surelyIf<Schema extends z.core.$ZodType>(
  schema: Schema,
  isGood: (value: unknown) => boolean,
): Schema {
  return surely(schema, (value) => (isGood(value) ? value : IN_DOUBT));
}

/** The check of a schema. What it makes of objects inherits nothing. */
export function fastCheckOf(schema: z.core.$ZodType): FastCheck {
  const told = TOLD.get(schema);
  if (told !== undefined) return told;
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ((def.checks ?? []).length > 0) return () => IN_DOUBT;
  if (def.type === "boolean") return (value) => (typeof value === "boolean" ? value : IN_DOUBT);
  if (def.type !== "object" || def.catchall !== undefined) return () => IN_DOUBT;
  return objectCheck(Object.entries(def.shape).map(([key, part]) => fieldOf(key, part)));
}

interface Field {
  readonly key: string;
  readonly isOptional: boolean;
  readonly check: FastCheck;
}

function fieldOf(key: string, schema: z.core.$ZodType): Field {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  // Of those that may be left out, these take no undefined in its place: neither does the check of what is inside.
  if (def.type !== "optional") return { key, isOptional: false, check: fastCheckOf(schema) };
  return { key, isOptional: true, check: fastCheckOf(def.innerType) };
}

function objectCheck(fields: readonly Field[]): FastCheck {
  return (value) => {
    if (!isPlain(value)) return IN_DOUBT;
    const found = Object.create(null) as Record<string, unknown>;
    for (const { key, isOptional, check } of fields) {
      if (Object.hasOwn(value, key)) {
        const good = check(value[key]);
        if (good === IN_DOUBT) return IN_DOUBT;
        found[key] = good;
      } else if (!isOptional) return IN_DOUBT;
    }
    return found;
  };
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
