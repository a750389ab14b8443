/**
 * `POST /demo/sign-in`: the demo page's stand-in for a sign-in of one's own. Nobody is asked for a proof, so those who come
 * this way are guests to all rules, under ids that nobody else has.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { HttpError, jsonHandler, readObject, requireMethod, type HttpHandler } from "../http/http-json.js";
import { describe } from "../api/describe.js";
import { nameSchema } from "../api/values.js";
import { DEMO_USER_PREFIX } from "../auth/authenticator.js";
import { giveToken } from "../auth/issue.js";
import type { Clock } from "../store/store-clock.js";
import type { OwnKey } from "../auth/own-key.js";

export interface DemoSignInOptions {
  ownKey: OwnKey;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  clock: Clock;
  /** 64 random bits in hexadecimal. */
  randomHex: () => string;
  onError: (error: unknown) => void;
}

/** UTF-16 code units of a user's id after its prefix. */
const MAX_SLUG = 64;

/** Bytes of the body. */
const MAX_BODY = 16 * 1024;

const bodySchema = z.object({ name: nameSchema });

/** Answers `{"name"}` with `{"token"}`, to the page of this server alone. */
export function createDemoSignIn({ ownKey, now, clock, randomHex, onError }: DemoSignInOptions): HttpHandler {
  return jsonHandler(async (request) => {
    requireMethod(request, "POST");
    requireSameOrigin(request);
    const body = bodySchema.safeParse(await readObject(request, MAX_BODY));
    if (!body.success) throw new HttpError(400, "invalid_argument", `${describe(body.error, "body")}.`);
    const { name } = body.data;
    const facts = { user: demoUser(name), id: randomHex(), name };
    return { token: giveToken(ownKey, "demo", { now, clock }, facts) };
  }, onError);
}

/** The same for names that people take for the same: `Ada L.` and `ada l` are `demo-ada-l`. */
export function demoUser(name: string): string {
  const words =
    name
      .normalize("NFKC")
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  const slug = words.join("-");
  // Names without a letter, and long ones, must not fall together.
  const isWhole = slug !== "" && slug.length <= MAX_SLUG;
  return DEMO_USER_PREFIX + (isWhole ? slug : createHash("sha256").update(name).digest("hex").slice(0, 16));
}

/** Browsers say where a request comes from, in headers that pages cannot set; other programs say nothing. */
function requireSameOrigin({ headers }: IncomingMessage): void {
  const { origin, host = "" } = headers;
  const site = headers["sec-fetch-site"];
  const isOther =
    origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host.toLowerCase());
  if (isOther || (site !== undefined && site !== "same-origin")) {
    throw new HttpError(403, "forbidden", "Only the demo page of this server may sign in here.");
  }
}
