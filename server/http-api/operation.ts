/** What there is to say of one operation of the HTTP API: what the server checks and what docs/openapi.json says follow from it. */
import type { z } from "zod";
import type { Scope } from "../auth/api-keys.js";
import type { Backend } from "../backend/backend.js";
import type { Caller } from "./caller.js";
import type { ProblemCode } from "./problem.js";

/** What operations work with. */
export interface ApiContext {
  readonly backend: Backend;
  /** Bytes that the data of one message may have. */
  readonly messageBytes: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Of the package. */
  readonly version: string;
  /** Whether the server takes requests: undefined, or why not. */
  readonly unready: () => Promise<string | undefined>;
}

export interface Answer {
  readonly status: number;
  /** JSON; left out: nothing. */
  readonly body?: object;
}

/** One parameter of a query: what makes a value of its text, and what that value must be. */
export interface QueryParameter<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema;
  /** A text that is no such value may be given on as it is: the schema refuses it. */
  read(text: string): unknown;
  readonly description: string;
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Query = Readonly<Record<string, QueryParameter>>;

/** What the handler of an operation gets: checked. */
export interface Input<Path extends Shape, Parameters extends Query, Body extends z.ZodType> {
  readonly path: { readonly [Name in keyof Path]: z.output<Path[Name]> };
  readonly query: { readonly [Name in keyof Parameters]?: z.output<Parameters[Name]["schema"]> };
  readonly body: z.output<Body>;
  readonly caller: Caller;
}

export interface AnswerDeclaration {
  readonly description: string;
  /** Of its body; left out: none. */
  readonly schema?: z.ZodType;
}

export interface Operation<
  Path extends Shape = Shape,
  Parameters extends Query = Query,
  Body extends z.ZodType = z.ZodType,
> {
  /** Its name in docs/openapi.json. */
  readonly id: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the base, with its parameters in braces. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** What a key must have: a scope, or only to be one; null: none is asked for. */
  readonly scope: Scope | "any" | null;
  /** What a key that is bound to rooms may do: what the room in the path allows, nothing, or what the handler checks. */
  readonly reach: "room" | "nothing" | "checked";
  readonly parameters: Path;
  readonly query: Parameters;
  /** Left out: none is read. */
  readonly body?: Body;
  /** Bytes that the body may have. */
  readonly bodyBytes?: (context: ApiContext) => number;
  /** Whether the header Idempotency-Key is another name for the body's `id`; left out: a request with it is refused. */
  readonly hasId?: boolean;
  readonly answers: Readonly<Record<number, AnswerDeclaration>>;
  /** Beside what any operation with such parameters and such a body may be refused with. */
  readonly errors?: readonly ProblemCode[];
  /** Whether a line of the log says that it was done. */
  readonly isLogged?: boolean;
  handle(input: Input<Path, Parameters, Body>, context: ApiContext): Promise<Answer> | Answer;
}

/** Keeps the declaration's own types for its handler. */
export function operation<const Path extends Shape, const Parameters extends Query, Body extends z.ZodType>(
  declaration: Operation<Path, Parameters, Body>,
): Operation {
  return declaration;
}
