/** docs/openapi.json: the operations as OpenAPI 3.1, made of the schemas that the server itself checks with. */
import { z } from "zod";
import type { Operation, QueryParameter } from "./operation.js";
import { API_BASE, OPENAPI_PATH, OPERATIONS } from "./operations.js";
import { meaningOf, type ProblemCode } from "./problem.js";
import { NAMED_SHAPES } from "./shapes.js";

type Json = Record<string, unknown>;

/** @param version Of the package. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const one of OPERATIONS) {
    paths[one.path] = { ...paths[one.path], [one.method.toLowerCase()]: describeOperation(one) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Crossroom HTTP API",
      version,
      description:
        "For an application's backend: publish, send, read, and send away, with a key. docs/http-api.md says how to begin. " +
        "Requests with fields or parameters that are not described are refused; answers may have more fields than are described.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: `http://localhost:3000${API_BASE}` }],
    security: [{ key: [] }],
    tags: TAGS.map((name) => ({ name })),
    paths: { ...paths, [OPENAPI_PATH]: { get: describeItself() } },
    components: {
      schemas: componentSchemas(),
      responses: { Problem: { description: "It was refused, or failed.", content: problemContent() } },
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description:
            "A key of `crossroom key create`, or a JWT that the server takes with the claim `crossroom_api`: " +
            '`{"scope": ["publish"], "rooms": ["order-*"]}`. Never in the URL.',
        },
      },
    },
  };
}

const TAGS = ["rooms", "users", "server"];

function tagOf({ path }: Operation): string {
  if (path.startsWith("/rooms")) return "rooms";
  return path.startsWith("/users") || path === "/connections" || path === "/revocations" ? "users" : "server";
}

function describeOperation(one: Operation): Json {
  const { id, summary, description, scope, body, parameters, query, hasId } = one;
  const all = [
    ...Object.entries(parameters).map(([name, schema]) => ({
      name,
      in: "path",
      required: true,
      schema: refTo(schema),
    })),
    ...Object.entries(query).map(([name, parameter]) => queryParameter(name, parameter)),
    ...(hasId === true ? [IDEMPOTENCY_KEY] : []),
  ];
  return {
    operationId: id,
    tags: [tagOf(one)],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(scope === null ? { security: [] } : { "x-scope": scope }),
    ...(all.length === 0 ? {} : { parameters: all }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: responsesOf(one),
  };
}

const IDEMPOTENCY_KEY: Json = {
  name: "Idempotency-Key",
  in: "header",
  description: "Another name for the body's `id`, of characters from `!` to `~`; both must be the same.",
  schema: { type: "string", minLength: 1, maxLength: 64 },
};

function queryParameter(name: string, { schema, description }: QueryParameter): Json {
  return { name, in: "query", description, schema: refTo(schema) };
}

function responsesOf({ answers, errors = [], scope, body, parameters, query }: Operation): Json {
  const hasInput = body !== undefined || Object.keys(parameters).length + Object.keys(query).length > 0;
  const codes: ProblemCode[] = [
    ...(hasInput || scope !== null ? (["invalid_argument"] as const) : []),
    ...(scope === null ? [] : WITH_KEY),
    ...(body === undefined ? [] : (["request_timeout", "body_too_large", "unsupported_media_type"] as const)),
    ...errors,
    ...(scope === null ? [] : (["not_found", "unavailable"] as const)),
    "method_not_allowed",
    "internal",
  ];
  const refused = new Map<number, Set<ProblemCode>>();
  for (const code of codes) {
    const { status } = meaningOf(code);
    refused.set(status, (refused.get(status) ?? new Set()).add(code));
  }
  return {
    ...Object.fromEntries(
      Object.entries(answers).map(([status, { description, schema }]) => [
        status,
        { description, ...(schema === undefined ? {} : { content: json(schema) }) },
      ]),
    ),
    ...Object.fromEntries(
      [...refused].map(([status, those]) => [
        status,
        { description: `${[...those].join(", ")}.`, ...headersOf(status), content: problemContent() },
      ]),
    ),
  };
}

const WITH_KEY = ["unauthorized", "token_expired", "token_revoked", "forbidden"] as const;

function headersOf(status: number): Json {
  const text = (description: string): Json => ({ description, schema: { type: "string" } });
  if (status === 401) return { headers: { "WWW-Authenticate": text("RFC 6750.") } };
  if (status === 405) return { headers: { Allow: text("The methods that are answered.") } };
  if (status !== 429 && status !== 503) return {};
  return {
    headers: { "Retry-After": { description: "Seconds to wait.", schema: { type: "integer", minimum: 1 } } },
  };
}

function describeItself(): Json {
  return {
    operationId: "openapi",
    tags: ["server"],
    summary: "This document",
    security: [],
    responses: {
      200: { description: "OpenAPI 3.1.", content: { "application/json": { schema: { type: "object" } } } },
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

function problemContent(): Json {
  return { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } };
}

function json(schema: z.ZodType): Json {
  return { "application/json": { schema: refTo(schema) } };
}

/** A reference where the schema has a name, or else all of it. */
function refTo(schema: z.ZodType): Json {
  const name = Object.entries(NAMED_SHAPES).find(([, one]) => one === schema)?.[0];
  if (name !== undefined) return { $ref: uri(name) };
  return withoutPlace(z.toJSONSchema(schema, { io: "input" }));
}

function uri(name: string): string {
  return `#/components/schemas/${name}`;
}

/** As JSON Schema 2020-12, the dialect of OpenAPI 3.1. As input: answers may have fields that are not described. */
function componentSchemas(): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED_SHAPES)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: "input", uri });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutPlace(schema)]));
}

/** The document says what dialect its schemas are in, and where they are. */
function withoutPlace({ ...schema }: Json): Json {
  delete schema["$schema"];
  delete schema["$id"];
  return schema;
}
