/** Random messages of a client: right ones, nearly right ones, and noise. */
import type { Random } from "../../support/random.js";

/** Namespaces of the server under test: the first is connected from the start; `/refused` refuses everybody. */
export const NAMESPACES = ["/", "/other", "/refused"] as const;

const KEYS = [
  "a",
  "b",
  "0",
  "",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "$binary",
  "_placeholder",
  "num",
  "ключ",
];
const WORDS = [
  "",
  "x",
  "hello",
  "ünï",
  "\u0000",
  "\u2028",
  "😀",
  "\ud800",
  '"',
  "\\",
  "/",
  ",",
  "null",
  "2",
  "51-",
  "QQ==",
  "AAECAw==",
];
const EVENTS = [
  "chat",
  "error",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "",
  "ping",
  "data",
  "close",
  "message",
  "é",
];
const RESERVED = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
const NUMBERS = [0, -0, 1, -1, 0.5, 1e21, 2 ** 53, 2 ** 53 - 1, 1e308, -1e-7, 9_007_199_254_740_993];
const TYPES = ["connect", "event", "ack", "disconnect", "ping"];
const NOISE = Array.from('{}[]":,\\0123456789eE+-.truefalsn \n\t$_/é😀\u0000');

export function randomValue(random: Random, depth = 3): unknown {
  switch (random.below(depth > 0 ? 9 : 5)) {
    case 0:
      return null;
    case 1:
      return random.oneIn(2);
    case 2:
      return random.oneIn(2) ? random.pick(NUMBERS) : random.below(1000);
    case 3:
    case 4:
      return random.oneIn(4) ? random.pick(WORDS).repeat(random.below(40)) : random.pick(WORDS);
    case 5:
      return {
        $binary: random.oneIn(3) ? random.pick(WORDS) : random.bytes(random.below(9)).toString("base64"),
      };
    case 6:
      return random.oneIn(8) ? { _placeholder: true, num: random.below(4) } : randomObject(random, depth - 1);
    case 7:
      return randomObject(random, depth - 1);
    default:
      return Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
  }
}

/** With `__proto__` as a key like any other, as JSON.parse makes it. */
export function randomObject(random: Random, depth = 2): Record<string, unknown> {
  const pairs = Array.from(
    { length: random.below(4) },
    () => [random.pick(KEYS), randomValue(random, depth)] as const,
  );
  return Object.fromEntries(pairs);
}

/** How to make messages. */
export interface MessageOptions {
  /** An ack id that is not in use. */
  readonly nextId: () => number;
  /** One in so many frames is for a namespace, or of a kind, that may end the connection; 0 for none. */
  statefulOneIn: number;
}

/** The text of one message. */
export function randomMessage(random: Random, options: MessageOptions): string {
  switch (random.below(12)) {
    case 0:
      return withFieldChanged(random, options);
    case 1:
    case 2:
      return withTextChanged(random, JSON.stringify(randomFrame(random, options)));
    case 3:
      return truncated(random, JSON.stringify(randomFrame(random, options)));
    case 4:
      return noise(random);
    case 5:
      return JSON.stringify(randomValue(random));
    case 6:
      return random.oneIn(4) ? nested(random) : manyBinaries(random, options);
    default:
      return JSON.stringify(randomFrame(random, options));
  }
}

function randomFrame(random: Random, { nextId, statefulOneIn }: MessageOptions): Record<string, unknown> {
  const args = Array.from({ length: random.below(4) }, () => randomValue(random));
  if (statefulOneIn > 0 && random.oneIn(statefulOneIn)) {
    const ns = random.pick([...NAMESPACES, "/missing", "/a,b", "//"]);
    switch (random.below(4)) {
      case 0:
        return { type: "event", ns, event: random.pick(EVENTS), args, id: nextId() };
      case 1:
        return { type: "disconnect", ns };
      case 2:
        return { type: "ack", ns, id: nextId(), args };
      default:
        return { type: "connect", ns, auth: randomObject(random), pid: null };
    }
  }
  switch (random.below(8)) {
    case 0:
      return random.oneIn(2) ? { type: "ping", data: randomValue(random) } : { type: "ping" };
    case 1:
      return { type: "ack", id: nextId(), args };
    case 2:
      return { type: "event", event: random.pick(RESERVED), args };
    case 3:
      return { type: "event", event: random.pick(EVENTS), args };
    default:
      return { type: "event", event: random.pick(EVENTS), args, id: nextId() };
  }
}

/** One field is taken away, or has another value, or there is one more. */
function withFieldChanged(random: Random, options: MessageOptions): string {
  const frame = randomFrame(random, { ...options, statefulOneIn: 0 });
  const key = random.pick(["type", "ns", "event", "args", "id", "data", "more"]);
  if (random.oneIn(3)) Reflect.deleteProperty(frame, key);
  else if (random.oneIn(4)) frame[key] = null;
  else if (key === "type" && random.oneIn(2)) frame[key] = `${random.pick(TYPES)}${random.pick(WORDS)}`;
  else if (key === "ns") frame[key] = random.pick([1, "", "no-slash", "/a,b", ["/"], { ns: "/" }]);
  else frame[key] = randomValue(random);
  return JSON.stringify(frame);
}

/** Some characters are taken away, put in or changed. */
function withTextChanged(random: Random, text: string): string {
  let changed = text;
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(changed.length + 1);
    const until = at + random.below(3);
    const inserted = random.oneIn(2) ? random.pick(NOISE) : changed.slice(at, at + random.below(12));
    changed = changed.slice(0, at) + inserted + changed.slice(random.oneIn(2) ? at : until);
  }
  return changed;
}

function truncated(random: Random, text: string): string {
  return text.slice(0, random.below(text.length));
}

function noise(random: Random): string {
  return Array.from({ length: random.below(60) }, () => random.pick(NOISE)).join("");
}

/** Nesting just inside the limit, just outside, and far from it. */
function nested(random: Random): string {
  const deep = random.pick([125, 126, 127, 128, 129, 1_000, 20_000]);
  const [open, close] = random.oneIn(2) ? ["[", "]"] : ['{"a":', "}"];
  const value = `${open.repeat(deep)}0${random.oneIn(9) ? "" : close.repeat(deep)}`;
  return random.oneIn(4) ? value : `{"type":"event","event":"deep","args":[${value}]}`;
}

function manyBinaries(random: Random, { nextId }: MessageOptions): string {
  const args = Array.from({ length: 8 + random.below(5) }, () => ({
    $binary: random.bytes(2).toString("base64"),
  }));
  return JSON.stringify({
    type: "event",
    event: "chat",
    args: random.oneIn(2) ? args : [{ a: args }],
    id: nextId(),
  });
}
