/** What is asked about the server itself. */
import { MAX_OPERATIONS, infoSchema, statusSchema } from "./shapes.js";
import { BATCH_BYTES } from "./batch-operation.js";
import { operation } from "./operation.js";
import { Problem } from "./problem.js";

export const SERVER_OPERATIONS = [
  operation({
    id: "info",
    method: "GET",
    path: "/info",
    summary: "What this server is, and what the key is good for",
    scope: "any",
    reach: "checked",
    parameters: {},
    query: {},
    answers: { 200: { description: "Both.", schema: infoSchema } },
    handle: ({ caller: { id, scopes, rooms, expires } }, { version, now, messageBytes }) => ({
      status: 200,
      body: {
        name: "crossroom",
        version,
        time: now(),
        limits: { messageBytes, batchBytes: BATCH_BYTES, batchOperations: MAX_OPERATIONS },
        key: {
          id,
          scopes,
          ...(rooms === undefined ? {} : { rooms }),
          ...(expires === undefined ? {} : { expires }),
        },
      },
    }),
  }),

  operation({
    id: "livez",
    method: "GET",
    path: "/livez",
    summary: "Whether the server answers at all",
    description: "If it does not, start it anew. Answered whether or not there is a key.",
    scope: null,
    reach: "checked",
    parameters: {},
    query: {},
    answers: { 200: { description: "It does.", schema: statusSchema } },
    handle: () => ({ status: 200, body: { status: "ok" } }),
  }),

  operation({
    id: "readyz",
    method: "GET",
    path: "/readyz",
    summary: "Whether the server is to be sent clients and requests",
    description:
      "Not while it closes, nor while its store cannot be read. Answered whether or not there is a key.",
    scope: null,
    reach: "checked",
    parameters: {},
    query: {},
    answers: { 200: { description: "It is.", schema: statusSchema } },
    errors: ["unavailable"],
    async handle(_input, { unready }) {
      const why = await unready();
      if (why !== undefined) throw new Problem("unavailable", why);
      return { status: 200, body: { status: "ok" } };
    },
  }),
];
