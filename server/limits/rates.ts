/** How much of what may be had how fast, and by whom: one table. docs/limits.md has the same, which a test checks. */

/** So much a second, and at once what `burst` says. */
export interface Rate {
  perSecond: number;
  burst: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/**
 * Those that a busy, honest application does not meet: a user with four devices that each join 100 rooms after a restart and read
 * thousands of messages of history; a company behind one address; a room in which many write at once.
 */
export const DEFAULT_RATES = {
  /** Publishes, signals and sends. */
  messagesOfUser: { perSecond: 100, burst: 200 },
  messagesOfAddress: { perSecond: 2_000, burst: 10_000 },
  messagesOfRoom: { perSecond: 500, burst: 1_000 },
  /** Bytes of their `data`. */
  bytesOfUser: { perSecond: MiB, burst: 8 * MiB },
  bytesOfAddress: { perSecond: 4 * MiB, burst: 32 * MiB },
  /** Its burst is less than what may wait for a slow reader, who is closed at 4 MiB. */
  bytesOfRoom: { perSecond: MiB, burst: 2 * MiB },
  /** What all guests together send: the rest is for users who are signed in. */
  bytesOfGuests: { perSecond: 8 * MiB, burst: 64 * MiB },
  /** Joins. */
  joinsOfUser: { perSecond: 20, burst: 400 },
  joinsOfAddress: { perSecond: 500, burst: 20_000 },
  /** Calls of history, presence and inbox. */
  readsOfUser: { perSecond: 50, burst: 500 },
  readsOfAddress: { perSecond: 500, burst: 5_000 },
  /** Bytes of the messages and members in answers. */
  readBytesOfUser: { perSecond: 4 * MiB, burst: 64 * MiB },
  readBytesOfAddress: { perSecond: 16 * MiB, burst: 256 * MiB },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof DEFAULT_RATES;
export type Rates = Readonly<Record<RateName, Rate>>;

export const RATE_NAMES = Object.keys(DEFAULT_RATES) as RateName[];

/** What grows with the messages that one user may send, where it is not set itself. */
const OF_WHAT_IS_SENT: ReadonlySet<RateName> = new Set(
  RATE_NAMES.filter((name) => /^(messages|bytes)Of/.test(name)),
);

/**
 * The rates that hold: those that were set, and the defaults. A rate of what is sent is the default's part of `messagesPerSecond`, so
 * that to raise the one is enough; and one of bytes is never less than two messages.
 */
export function ratesOf(
  set: Partial<Rates>,
  { messagesPerSecond, messageBytes }: { messagesPerSecond: number; messageBytes: number },
): Rates {
  const part = messagesPerSecond / DEFAULT_RATES.messagesOfUser.perSecond;
  const rates = RATE_NAMES.map((name): [RateName, Rate] => {
    const { perSecond, burst } = DEFAULT_RATES[name];
    if (!OF_WHAT_IS_SENT.has(name)) return [name, { perSecond, burst }];
    const least = name.startsWith("bytes") ? 2 * messageBytes : 1;
    return [name, { perSecond: part * perSecond, burst: Math.max(part * burst, least) }];
  });
  return { ...(Object.fromEntries(rates) as Rates), ...set };
}
