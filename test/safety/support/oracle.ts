/**
 * What the bridge must answer to a message, written from PROTOCOL.md alone: it imports nothing of the bridge's, so that
 * a mistake there is not made again here. Pure.
 */

/** What section 7.1 lets the server answer with. */
export type Verdict =
  | {
      kind: "error";
      /** Each is right; more than one where the message breaks more than one rule. */
      codes: readonly string[];
      /** The ack id that the answer must carry; undefined where it may or may not. */
      id?: number;
    }
  | { kind: "accept"; frame: Accepted };

export type Accepted =
  | { type: "event"; ns: string; id: number | undefined; args: unknown[] }
  | { type: "ack"; ns: string; id: number; args: unknown[] }
  | { type: "connect"; ns: string }
  | { type: "disconnect"; ns: string }
  | { type: "ping"; data: unknown };

/** 4.4 */
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/** 2.8 */
const MAX_DEPTH = 128;

/** 5.3 */
const MAX_BINARY = 10;

/** The answer to a text message, whatever namespaces there are. */
export function judge(text: string): Verdict {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Which of the two is looked for first is not said.
    return error(brackets(text) > MAX_DEPTH ? ["invalid_json", "too_deep"] : ["invalid_json"]);
  }
  if (depth(value) > MAX_DEPTH) return error(["too_deep"]);
  if (!isPlainObject(value)) return error(["invalid_frame"]);
  return judgeObject(value);
}

function judgeObject(fields: Record<string, unknown>): Verdict {
  const type = fields["type"];
  const withId = isId(fields["id"]) && (type === "event" || type === "ack") ? { id: fields["id"] } : {};
  const wrong = (code: string): Verdict => ({ kind: "error", codes: [code], ...withId });
  // PROTOCOL.md, 5.1.
  if (holdsInfinity(fields)) return wrong("invalid_field");
  if (type === "ping") return accept({ type, data: fields["data"] });
  if (type !== "connect" && type !== "event" && type !== "ack" && type !== "disconnect") {
    return wrong("unknown_type");
  }
  // 2.6: null is "left out".
  const ns = fields["ns"] ?? "/";
  if (typeof ns !== "string" || ns[0] !== "/" || ns.includes(",")) return wrong("invalid_field");
  if (type === "disconnect") return accept({ type, ns });
  if (type === "connect") {
    const good =
      isPlainObject(fields["auth"] ?? {}) &&
      typeof (fields["pid"] ?? "") === "string" &&
      typeof (fields["offset"] ?? "") === "string";
    return good ? accept({ type, ns }) : wrong("invalid_field");
  }
  const args = fields["args"] ?? [];
  const id = fields["id"] ?? undefined;
  const faults = new Set<string>();
  if (id === undefined ? type === "ack" : !isId(id)) faults.add("invalid_field");
  if (!Array.isArray(args)) faults.add("invalid_field");
  if (type === "event") {
    const name = fields["event"];
    if (typeof name !== "string") faults.add("invalid_field");
    else if (RESERVED.includes(name)) faults.add("reserved_event");
  }
  if (faults.size > 0) return { kind: "error", codes: [...faults], ...withId };
  return accept(
    type === "event"
      ? { type, ns, id: id as number | undefined, args: args as unknown[] }
      : { type, ns, id: id as number, args: args as unknown[] },
  );
}

function holdsInfinity(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsInfinity);
  return value === Infinity || value === -Infinity;
}

/** What may be wrong with the binary values of an accepted event or ack: found once its namespace is known. */
export function judgeBinary(args: unknown): "too_many_attachments" | "invalid_field" | undefined {
  const count = countBinary(args);
  if (count > MAX_BINARY) return "too_many_attachments";
  // PROTOCOL.md, 5.3: Socket.IO could not tell the one from an attachment, and drops the other.
  return count > 0 && holdsUnsafe(args) ? "invalid_field" : undefined;
}

export function countBinary(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "$binary") {
    const text: unknown = (value as Record<string, unknown>)["$binary"];
    if (typeof text === "string" && isBase64(text)) return 1;
  }
  return Object.values(value).reduce<number>((sum, item) => sum + countBinary(item), 0);
}

/** RFC 4648, section 4: padded, standard alphabet, unused bits zero. */
export function isBase64(text: string): boolean {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return false;
  if (text.endsWith("==")) return "AQgw".includes(text.at(-3) ?? "");
  if (text.endsWith("=")) return "AEIMQUYcgkosw048".includes(text.at(-2) ?? "");
  return true;
}

function holdsUnsafe(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (
    Object.hasOwn(value, "__proto__") ||
    (Object.hasOwn(value, "_placeholder") && (value as { _placeholder: unknown })._placeholder === true) ||
    Object.values(value).some(holdsUnsafe)
  );
}

function accept(frame: Accepted): Verdict {
  return { kind: "accept", frame };
}

function error(codes: string[]): Verdict {
  return { kind: "error", codes };
}

function isId(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 53;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How deeply arrays and objects are nested. */
function depth(value: unknown): number {
  let level: unknown[] = [value];
  for (let deep = 0; ; deep++) {
    level = level.filter((item) => typeof item === "object" && item !== null);
    if (level.length === 0 || deep > MAX_DEPTH) return deep;
    level = level.flatMap((item) => Object.values(item as object) as unknown[]);
  }
}

/** The most that brackets can be nested in a text that is not JSON. */
function brackets(text: string): number {
  return text.split(/[[{]/).length - 1;
}
