/** What the parts of the agent share. */

export type Fields = Readonly<Record<string, unknown>>;

export interface Host {
  report(event: string, fields?: Fields): void;
  /** By name; kept as long as the agent runs. */
  storage(name: string): Map<string, string>;
}

/** Fails a command. */
export class CommandError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** What an answer says of an error. */
export function errorOf(thrown: unknown): Fields {
  if (!(thrown instanceof Error)) return { code: "unknown", message: String(thrown) };
  const { code, retryable, data } = thrown as { code?: unknown; retryable?: unknown; data?: unknown };
  return {
    code: typeof code === "string" ? code : "unknown",
    message: thrown.message,
    ...(typeof retryable === "boolean" ? { retryable } : {}),
    ...(data === undefined ? {} : { data }),
  };
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string") return value;
  throw new CommandError("invalid_argument", `${name} is missing`);
}

/** What the application's function answers that is asked for credentials: what `give` brings. */
export class Questions {
  readonly #host: Host;
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #count = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  ask(): Promise<unknown> {
    const key = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#open.set(key, { resolve, reject });
      this.#host.report("ask", { key });
    });
  }

  give(fields: Fields): void {
    const key = fields["key"] as number;
    const question = this.#open.get(key);
    this.#open.delete(key);
    const error = fields["error"] as { message: string; final: boolean } | undefined;
    if (error === undefined) question?.resolve(fields["value"]);
    else question?.reject(Object.assign(new Error(error.message), { retryable: !error.final }));
  }
}

/** JSON with `{"$binary"}` as what the language has for it; only valid base64 is binary (PROTOCOL.md, 5.2). */
export function toNative(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toNative);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === "$binary" && typeof first[1] === "string") {
    const bytes = Buffer.from(first[1], "base64");
    if (bytes.toString("base64") === first[1]) return bytes;
  }
  return Object.fromEntries(entries.map(([key, inner]) => [key, toNative(inner)]));
}

export function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof ArrayBuffer) return { $binary: Buffer.from(value).toString("base64") };
  if (ArrayBuffer.isView(value)) {
    return { $binary: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner)]));
}
