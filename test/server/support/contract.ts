/** Holds what a server sends against the schemas of the room API, so that every test checks every frame it gets. */
import { expect } from "chai";
import type { z } from "zod";
import type { ServerFrame } from "../../../bridge/index.js";
import { CALLS, isCall, type CallName } from "../../../server/api/calls.js";
import { COMMON_ERRORS } from "../../../server/api/declaration.js";
import type { ApiErrorCode } from "../../../server/api/errors.js";
import { EVENTS, type ServerEventName } from "../../../server/api/events.js";
import { errorSchema } from "../../../server/api/shapes.js";
import { ackSchema } from "./acks.js";

/** Throws if the server may not send this event with these arguments. */
export function assertServerEvent(event: string, args: readonly unknown[]): void {
  const schema = Object.hasOwn(EVENTS, event) ? EVENTS[event as ServerEventName].argument : undefined;
  if (schema === undefined) throw new Error(`the room API has no event ${event}`);
  expect(args, `arguments of ${event}`).to.have.length(1);
  assertMatches(schema, args[0], event);
}

/** Throws if this cannot be the answer to `call`, which may be none of the room API's: then only an error can. */
export function assertAnswer(call: string, answer: unknown): void {
  if (isCall(call)) {
    assertMatches(ackSchema(call), answer, `ack of ${call}`);
    const { code } = (answer as { error?: { code: ApiErrorCode } }).error ?? {};
    if (code !== undefined) expect(errorsOf(call), `declared errors of ${call}`).to.include(code);
    return;
  }
  expect(answer, `ack of ${call}`).to.have.property("ok", false);
  expect(answer, `ack of ${call}`).to.have.nested.property("error.code", "unknown_event");
}

/** The codes that a call may be refused with. */
function errorsOf(call: CallName): readonly ApiErrorCode[] {
  return [...CALLS[call].errors, ...COMMON_ERRORS];
}

/** Throws if this cannot be the `data` of a `connect_error` of the server's own. */
export function assertConnectError(data: unknown): void {
  assertMatches(errorSchema, data, "connect_error.data");
}

/** Follows one client: give it what is sent and what arrives, in order. Throws at the first breach. */
export class Contract {
  readonly #asked = new Map<number, string>();
  #isWelcome = false;

  sent(frame: { type: string; event?: string; id?: number }): void {
    if (frame.type !== "event" || frame.id === undefined) return;
    this.#asked.set(frame.id, frame.event ?? "");
  }

  received(frame: ServerFrame): void {
    if (frame.type === "connected") this.#isWelcome = false;
    if (frame.type === "connect_error") assertConnectError(frame.data);
    if (frame.type === "ack") {
      const call = this.#asked.get(frame.id);
      // At most one ack a call: a second one finds nothing here.
      this.#asked.delete(frame.id);
      if (call === undefined) throw new Error(`an ack of nothing: ${JSON.stringify(frame)}`);
      expect(frame.args, `ack of ${call}`).to.have.length(1);
      assertAnswer(call, frame.args[0]);
    }
    if (frame.type === "event") {
      if (!this.#isWelcome && frame.event !== "welcome") throw new Error(`${frame.event} before the welcome`);
      this.#isWelcome = true;
      assertServerEvent(frame.event, frame.args);
    }
  }
}

/** Fields that the schema does not know are dropped by it, and so make a difference here. */
function assertMatches(schema: z.ZodType, value: unknown, what: string): void {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = [what, ...(issue?.path ?? [])].map(String).join(".");
    throw new Error(`${path}: ${issue?.message ?? "is not valid"}: ${JSON.stringify(value)}`);
  }
  expect(value, `${what} has a field that is not in the contract`).to.deep.equal(result.data);
}
