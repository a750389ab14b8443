/** What there is to say of one call and of one event. In the server only the table of handlers names the calls besides. */
import type { z } from "zod";
import type { ApiErrorCode } from "./errors.js";

/** What a policy grants: the rights of a user in a room, and that to send to another user's inbox. Some calls need none. */
export type CallRight = "join" | "publish" | "presence" | "history" | "send" | "none";

/** What a call is counted against: docs/limits.md has the rates of each. */
export type CallBudget = "messages" | "joins" | "reads";

/** Beside what a call declares, every call may be refused with these. */
export const COMMON_ERRORS = ["invalid_argument", "overloaded", "unavailable", "internal"] as const;

export interface CallDeclaration<
  Data extends z.ZodType,
  Answer extends z.ZodType,
  Code extends ApiErrorCode,
  Right extends CallRight = CallRight,
> {
  /** What it does, in a few words. */
  readonly title: string;
  /** What it does, in some sentences. */
  readonly description?: string;
  /** Of docs/rooms-api.md. */
  readonly section: string;
  /** Its one argument. A field that the schema does not know is dropped. */
  readonly data: Data;
  /** What its ack has beside `ok`. */
  readonly answer: Answer;
  /** The answer's name in types.ts and in docs/asyncapi.json; none where there is nothing in it. */
  readonly answerName?: string;
  /** What it is refused with, beside `COMMON_ERRORS`. */
  readonly errors: readonly Code[];
  /** For who has it not, the call is `forbidden`. */
  readonly right: Right;
  readonly budget?: CallBudget;
  /**
   * Whether it waits only until the calls before it have their place in the connection's order, so that many are under way at a time.
   * Without it, it waits until they have ended.
   */
  readonly isSideBySide?: boolean;
  /** Whether it changes nothing, and so is not worth the work for who has gone. */
  readonly isRead?: boolean;
  /** Whether its answer may be a thousand times as large as it is: the next call waits until a slow reader has it. */
  readonly isAnswerLarge?: boolean;
  readonly example: { readonly data: z.output<Data>; readonly answer: z.output<Answer> };
}

/** Keeps the declaration's own types. */
export function call<
  Data extends z.ZodType,
  Answer extends z.ZodType,
  const Code extends ApiErrorCode,
  const Right extends CallRight,
>(declaration: CallDeclaration<Data, Answer, Code, Right>): CallDeclaration<Data, Answer, Code, Right> {
  return declaration;
}

export interface EventDeclaration<Argument extends z.ZodType> {
  readonly title: string;
  readonly description?: string;
  /** Of docs/rooms-api.md. */
  readonly section: string;
  /** Its one argument. */
  readonly argument: Argument;
  /** The argument's name in types.ts and in docs/asyncapi.json. */
  readonly argumentName: string;
  readonly example: z.output<Argument>;
}

/** Keeps the declaration's own types. */
export function event<Argument extends z.ZodType>(
  declaration: EventDeclaration<Argument>,
): EventDeclaration<Argument> {
  return declaration;
}
