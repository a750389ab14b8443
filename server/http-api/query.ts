/** Parameters of queries: their texts, and what is made of them. */
import { z } from "zod";
import type { Position } from "../api/types.js";
import { MAX_PAGE, wholeNumber } from "../api/values.js";
import type { QueryParameter } from "./operation.js";

const asIs = (text: string): string => text;

/** A text, checked as it is. */
export function text<Schema extends z.ZodType>(schema: Schema, description: string): QueryParameter<Schema> {
  return { schema, read: asIs, description };
}

/** A whole number in decimal digits. */
export function number<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
): QueryParameter<Schema> {
  return {
    schema,
    read: (digits) => (/^(0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : digits),
    description,
  };
}

/** `true` or `false`. */
export function flag(description: string): QueryParameter<z.ZodBoolean> {
  const read = (word: string): unknown => (word === "true" ? true : word === "false" ? false : word);
  return { schema: z.boolean("must be true or false"), read, description };
}

export const limit = number(wholeNumber(1, MAX_PAGE), "How many there may be on the page. Default: 100.");

const POSITION = /^([A-Za-z0-9_-]{1,64}):(0|[1-9][0-9]{0,14})$/;

/** A position in a URL. Nothing of what it may have in it is to be escaped there. */
export const positionTextSchema = z
  .string("must be a position, EPOCH:OFFSET")
  .refine((value) => POSITION.test(value), "must be a position, EPOCH:OFFSET")
  .meta({ pattern: POSITION.source, example: "k3v9wqzT:17" })
  .describe("A position (`epoch` and `offset`) as a text: EPOCH:OFFSET.");

export function parsePosition(value: string): Position {
  const [, epoch = "", offset = ""] = POSITION.exec(value) ?? [];
  return { epoch, offset: Number(offset) };
}
