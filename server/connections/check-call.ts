/** Whether the argument of a call is what it must be. Whatever a client sends, nothing is thrown. */
import { CALLS, type CallName, type CheckedCall } from "../api/calls.js";
import { describe } from "../api/describe.js";
import { fastCheckOf, IN_DOUBT, type FastCheck } from "../api/fast-check.js";
import { Payload } from "../api/payload.js";
import { ownCopy, withoutPrototype } from "../own-properties/own-properties.js";

const FAST_CHECKS = Object.fromEntries(
  Object.entries(CALLS).map(([name, { data }]) => [name, fastCheckOf(data)]),
) as Record<CallName, FastCheck>;

/** The call, which inherits nothing; or what is wrong with it. */
export function checkCall<E extends CallName>(name: E, argument: unknown): CheckedCall<E> | string {
  const call = FAST_CHECKS[name](argument);
  // A test compares these checks with the schemas.
  return call === IN_DOUBT ? parseCall(name, argument) : (call as CheckedCall<E>);
}

/** The same by the schema alone. */
export function parseCall<E extends CallName>(name: E, argument: unknown): CheckedCall<E> | string {
  const { error, data: call } = CALLS[name].data.safeParse(ownCopy(argument));
  if (error !== undefined) return describe(error, name);
  const own: object = withoutPrototype(call);
  return ("data" in own ? Object.assign(own, { data: new Payload(own.data) }) : own) as CheckedCall<E>;
}
