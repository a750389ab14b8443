/** What a request asks for, checked against the declaration of its operation. */
import type { IncomingMessage } from "node:http";
import type { z } from "zod";
import { messageIdSchema } from "../api/values.js";
import { ownCopy, withoutPrototype } from "../own-properties/own-properties.js";
import type { ApiContext, Operation } from "./operation.js";
import { SMALL_BODY } from "./operations.js";
import { Problem, type FieldError } from "./problem.js";
import { readJson } from "./request-body.js";
import { schemaOfOperation } from "./shapes.js";

/** Names under which others take a key in the URL, where it gets into logs and histories. */
const KEYS_IN_QUERY = ["key", "token", "access_token", "api_key", "apikey"];

const IDEMPOTENCY_KEY = "idempotency-key";

/** What can be sent in a header as it is: other text comes in bytes of which nobody says what they mean. */
const IDEMPOTENCY_KEY_PATTERN = /^[!-~]{1,64}$/;

/**
 * Refuses targets that readers could take for different ones, before anything is made of them. Throws a Problem.
 * @param target Of the request line, from its path on.
 */
export function checkTarget(target: string): void {
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? "" : target.slice(mark + 1);
  if (!/^[!-~]*$/.test(target))
    throw invalid("The URL has characters in it that must be percent-encoded, as UTF-8.");
  const decoded = [decode(path), decode(query)];
  if (decoded.includes(undefined)) throw invalid("The URL has a % in it that is no percent-encoded UTF-8.");
  if (target.includes("#")) throw invalid("The URL has a # in it, which must be percent-encoded.");
  if (path.includes("\\"))
    throw invalid("The URL's path has a backslash in it, which must be percent-encoded.");
  // URLs know these as steps up, percent-encoded or not, so that proxies and clients take them away.
  if (path.split("/").some((segment) => /^\.\.?$/.test(decode(segment) ?? ""))) {
    throw invalid(
      "A path cannot have . or .. in the place of a name. POST /batch takes rooms and users that are named so.",
    );
  }
  for (const name of new URLSearchParams(query).keys()) {
    if (!KEYS_IN_QUERY.includes(name.toLowerCase())) continue;
    throw invalid(
      `A key must not be in the URL (${name}): URLs get into logs. Send it as Authorization: Bearer, and replace this one, which others may have seen.`,
    );
  }
}

/** The values of a path's parameters. Throws a Problem. */
export function pathOf(
  operation: Operation,
  read: (name: string) => string | undefined,
): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const [name, schema] of Object.entries(operation.parameters)) {
    values.push([name, check(schema, read(name), `path.${name}`)]);
  }
  return withoutPrototype(Object.fromEntries(values));
}

/** The values of a query. Throws a Problem. */
export function queryOf({ query }: Operation, url: string): Record<string, unknown> {
  const { searchParams } = new URL(url);
  const values: [string, unknown][] = [];
  for (const name of new Set(searchParams.keys())) {
    const parameter = Object.hasOwn(query, name) ? query[name] : undefined;
    if (parameter === undefined) {
      const known = Object.keys(query);
      const there = known.length === 0 ? "there are none here" : `there are ${known.join(", ")}`;
      throw wrong([{ field: `query.${name}`, message: `is no parameter; ${there}` }]);
    }
    const [text = "", ...others] = searchParams.getAll(name);
    if (others.length > 0) throw wrong([{ field: `query.${name}`, message: "must be given once" }]);
    values.push([name, check(parameter.schema, parameter.read(text), `query.${name}`)]);
  }
  return withoutPrototype(Object.fromEntries(values));
}

/** The body, with what Idempotency-Key adds to it; undefined where the operation takes none. Throws a Problem, or ClientGone. */
export async function bodyOf(
  { body, bodyBytes, hasId, id }: Operation,
  request: IncomingMessage,
  context: ApiContext,
  timeout: number,
): Promise<unknown> {
  if (body === undefined) return undefined;
  const given = request.headers[IDEMPOTENCY_KEY];
  if (given !== undefined && hasId !== true) {
    const instead = id === "batch" ? " Give each operation an id." : "";
    throw invalid(
      `Idempotency-Key has no meaning here, and would not keep this from being done twice.${instead}`,
    );
  }
  const value = await readJson(request, bodyBytes?.(context) ?? SMALL_BODY, timeout);
  const own = ownRequest(value);
  return ownRequest(check(body, given === undefined ? own : withId(own, String(given)), "body"));
}

/** What a program has put on `Object.prototype` is in no body. `data` is as it came. */
function ownRequest(value: unknown): unknown {
  const own = ownCopy(value) as { as?: unknown; operations?: unknown } | null;
  if (typeof own !== "object" || own === null || Array.isArray(own)) return own;
  if (Object.hasOwn(own, "as")) own.as = ownCopy(own.as);
  if (Array.isArray(own.operations)) own.operations = own.operations.map(ownRequest);
  return own;
}

function withId(body: unknown, key: string): unknown {
  if (!IDEMPOTENCY_KEY_PATTERN.test(key)) {
    throw invalid(
      "header.Idempotency-Key must be 1 to 64 characters from ! to ~, once. Others go into the body, as id.",
    );
  }
  const id = check(messageIdSchema, key, "header.Idempotency-Key");
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  if (Object.hasOwn(body, "id") && (body as { id: unknown }).id !== id) {
    throw invalid("Idempotency-Key and id are names of one thing, and differ here. Give one of them.");
  }
  return Object.assign(body, { id });
}

function check(schema: z.ZodType, value: unknown, subject: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw wrong(errorsOf(parsed.error, value, subject));
}

/** Every field that is wrong, but no more than are of use. */
function errorsOf(error: z.ZodError, value: unknown, subject: string): FieldError[] {
  return error.issues.flatMap((issue) => errorsOfIssue(issue, value, subject)).slice(0, MAX_ERRORS);
}

const MAX_ERRORS = 20;

function errorsOfIssue(issue: z.core.$ZodIssue, value: unknown, subject: string): FieldError[] {
  const field = [subject, ...issue.path].map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: `${field}.${key}`, message: "is no field that is known here" }));
  }
  if (issue.code === "invalid_union" && issue.path[0] === "operations") {
    const one = valueAt(value, issue.path);
    const parsed = schemaOfOperation(one).safeParse(one);
    if (!parsed.success) return errorsOf(parsed.error, one, field);
  }
  return [{ field, message: issue.message }];
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? (Reflect.get(at, key) as unknown) : undefined),
    value,
  );
}

function wrong(errors: readonly FieldError[]): Problem {
  const [first] = errors;
  return new Problem(
    "invalid_argument",
    first === undefined ? undefined : `${first.field} ${first.message}.`,
    { errors },
  );
}

function invalid(detail: string): Problem {
  return new Problem("invalid_argument", detail);
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
