/** The configuration file: JSON, of which every field may be left out. Pure: what is wrong is a value. */
import { z } from "zod";
import { ownProperties } from "../own-properties/own-properties.js";
import { Pattern, PatternError } from "../rules/patterns.js";
import { ACTIONS } from "../rules/rules.js";
import type { Limits } from "../limits/limits.js";
import { RATE_NAMES, type Rates } from "../limits/rates.js";
import { isTrustProxy } from "./trust-proxy.js";
import { MAX_PAGE } from "../api/values.js";
import { LOG_LEVELS } from "./config.js";
import { DURATION_EXAMPLES, parseDuration, parseSize, SIZE_EXAMPLES } from "./units.js";

const text = z.string("must be a text").min(1, "must not be empty");
const count = z.int("must be a whole number").min(1, "must be 1 or more");
const flag = z.boolean("must be true or false");
const duration = inUnits(parseDuration, `must be a duration: ${DURATION_EXAMPLES}`);
const size = inUnits(parseSize, `must be a size: ${SIZE_EXAMPLES}`);

/** As browsers send it in the `Origin` header: nothing after the host and port. */
export function isOrigin(value: string): boolean {
  return URL.canParse(value) && new URL(value).origin === value;
}

const origin = text.refine(isOrigin, "must be an origin, like https://app.example.com");

const NO_PROXIES =
  "must be how many proxies there are, or a list of their addresses or subnets (10.0.0.0/8, loopback)";
const proxies = z.union([z.int().min(0), z.array(text)], NO_PROXIES).refine(isTrustProxy, NO_PROXIES);

const claimValue = z.union([z.string(), z.number(), z.boolean()], "must be a text, a number, true or false");

const who = z.union(
  [
    z.enum(["everyone", "users", "nobody"]),
    z.strictObject({ claim: text, equals: claimValue }),
    z.strictObject({ claim: text, includes: claimValue }),
  ],
  'must be "everyone", "users", "nobody", {"claim": NAME, "equals": VALUE} or {"claim": NAME, "includes": VALUE}',
);

const pattern = text.superRefine((value, context) => {
  try {
    Pattern.parse(value);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    context.addIssue({ code: "custom", message: `is no pattern: ${error.message}` });
  }
});

const history = section({
  messages: z.int("must be a whole number").min(0, "must be 0 or more").optional(),
  age: duration.optional(),
});

const roomSettings = {
  history: history.optional(),
  presence: flag.optional(),
  maxMembers: count.optional(),
  maxNames: z
    .int("must be a whole number")
    .min(0, "must be 0 or more")
    .max(MAX_PAGE, `must be ${MAX_PAGE} or less`)
    .optional(),
};

const rule = section({
  pattern,
  allow: section(recordOf(ACTIONS, who.optional())).optional(),
  ...roomSettings,
});

const positive = z.number("must be a number").positive("must be more than 0");
const rate = section({ perSecond: positive, burst: count });

const LIMITS = {
  roomsPerDevice: count,
  devicesPerRoom: count,
  messageBytes: size,
  messagesPerSecond: count,
  pendingCalls: count,
  inboxItems: count,
  inboxItemsOfSender: count,
  inboxItemsOfGuests: count,
  diskOfGuests: z.int("must be a percentage").min(0, "must be 0 or more").max(100, "must be 100 or less"),
  devicesPerUser: count,
  rates: section(recordOf(RATE_NAMES, rate)).partial().transform(withoutUndefined),
} satisfies Record<keyof Limits, z.ZodType>;

const schema = section({
  port: z.int("must be a port").min(0, "must be 0 or more").max(65_535, "must be 65535 or less").optional(),
  host: text.optional(),
  tls: section({ cert: text, key: text }).optional(),
  allowedOrigins: z.array(origin, "must be a list of origins").optional(),
  trustProxy: proxies.optional(),
  logLevel: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(", ")}`).optional(),
  demo: flag.optional(),
  data: text.optional(),
  memory: flag.optional(),
  apiKeys: text.optional(),
  maxDisk: size.optional(),
  auth: section({
    secretFile: text.optional(),
    publicKeyFile: text.optional(),
    jwksFile: text.optional(),
    issuer: text.optional(),
    audience: text.optional(),
    guests: flag.optional(),
    clockTolerance: duration.optional(),
  }).optional(),
  rooms: z.array(rule, "must be a list of rules").optional(),
  defaults: section(roomSettings).optional(),
  send: who.optional(),
  inbox: section({ age: duration.optional() }).optional(),
  httpBridge: flag.optional(),
  resumeTimeout: duration
    .refine((value) => value >= 1_000 && value <= 86_400_000, "must be from 1s to 1d")
    .optional(),
  presenceGrace: duration.optional(),
  limits: section(LIMITS).partial().optional(),
});

export type ConfigFile = z.output<typeof schema>;

/** The checked content of a configuration file, or what is wrong with it, as one line without the file's name. */
export function parseConfigFile(
  content: string,
): { ok: true; file: ConfigFile } | { ok: false; problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: `this is not JSON (${reason.replace(/\s+/g, " ")})` };
  }
  const parsed = schema.safeParse(ownProperties(value));
  return parsed.success
    ? { ok: true, file: ownProperties(parsed.data) as ConfigFile }
    : { ok: false, problem: problemOf(parsed.error) };
}

/** The first thing that is wrong, and where. */
function problemOf(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return "it is not valid";
  const path = issue.path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("");
  const where = path.replace(/^\./, "");
  return where === "" ? issue.message : `${where} ${issue.message}`;
}

/** An object that has these fields and no others. */
function section<Fields extends z.ZodRawShape>(fields: Fields) {
  const known = Object.keys(fields).join(", ");
  return z.strictObject(fields, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys")
        return `has no setting ${quoted(issue.keys)}; there are ${known}`;
      return `must be an object; its settings are ${known}`;
    },
  });
}

function quoted(keys: readonly string[] | undefined): string {
  return JSON.stringify(keys?.[0] ?? "");
}

function inUnits(parse: (value: string) => number | undefined, message: string) {
  return z.string(message).transform((value, context) => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** Optional fields that are there, or are not. */
function withoutUndefined(rates: { [Name in keyof Rates]?: Rates[Name] | undefined }): Partial<Rates> {
  return Object.fromEntries(Object.entries(rates).filter(([, rate]) => rate !== undefined));
}

function recordOf<const Key extends string, Schema extends z.ZodType>(
  keys: readonly Key[],
  value: Schema,
): Record<Key, Schema> {
  return Object.fromEntries(keys.map((key) => [key, value])) as Record<Key, Schema>;
}
