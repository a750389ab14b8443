/** The whole ack of a call, as a schema. */
import { z } from "zod";
import { CALLS, type CallName } from "../../../server/api/calls.js";
import { refusalSchema } from "../../../server/api/shapes.js";

/** Its answer with `ok`, or an error. */
export function ackSchema(call: CallName): z.ZodType {
  const { answer } = CALLS[call];
  if (!(answer instanceof z.ZodObject)) throw new Error(`the answer to ${call} is no object`);
  return z.discriminatedUnion("ok", [answer.extend({ ok: z.literal(true) }), refusalSchema]);
}
