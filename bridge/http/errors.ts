/**
 * The answers that refuse a request of a session over HTTP, in a closed table. PROTOCOL.md's is checked against it by a
 * test. Imports nothing.
 */

export interface HttpError {
  readonly status: number;
  /** `error.code` of the JSON body. */
  readonly code: string;
  /** What happened, and what a client does about it. */
  readonly description: string;
}

export const HTTP_ERRORS = {
  badRequest: {
    status: 400,
    code: "bad_request",
    description:
      "A header is missing or is no whole number, `Crossroom-Ack` is more than was sent, or the body is compressed; the message says which. Give the session up.",
  },
  noSession: {
    status: 400,
    code: "no_session",
    description: "Only a POST without a body, which opens a session, goes without `Crossroom-Session`.",
  },
  unknownSession: {
    status: 404,
    code: "unknown_session",
    description: "The server has no such session: it ended, or the server was started anew. Open another.",
  },
  methodNotAllowed: {
    status: 405,
    code: "method_not_allowed",
    description: "The method is none of GET, POST, DELETE and OPTIONS.",
  },
  outOfOrder: {
    status: 409,
    code: "out_of_order",
    description: "Lines before `Crossroom-Seq` are missing. Send again from line `error.received` on.",
  },
  superseded: {
    status: 409,
    code: "superseded",
    description:
      "A later POST of the session came while this one was still being read; nothing of this one was taken. Send again.",
  },
  closed: {
    status: 410,
    code: "closed",
    description: "The session is closed: `error.close` has the code and the reason (8.1).",
  },
  cannotResume: {
    status: 410,
    code: "cannot_resume",
    description:
      "The frames that follow `Crossroom-Ack` are kept no more. Send DELETE, and open another session.",
  },
  messageTooBig: {
    status: 413,
    code: "message_too_big",
    description: "The body is larger than `maxPayload`. The session is closed with 1009.",
  },
  nodeUnreachable: {
    status: 502,
    code: "node_unreachable",
    description: "The node of a fleet that has the session cannot be reached. Send again.",
  },
} as const satisfies Record<string, HttpError>;
