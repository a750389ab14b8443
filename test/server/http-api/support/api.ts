/** A rooms server with the HTTP API, keys for it, and requests to it. */
import { randomBytes } from "node:crypto";
import {
  newApiKey,
  SCOPES,
  type ApiKey,
  type RoomsServerOptions,
  type Scope,
} from "../../../../server/index.js";
import { startRooms, type Running } from "../../support/server.js";

export interface Answered {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export interface Asked {
  /** Default: GET, or POST where there is a body. */
  method?: string;
  /** As JSON; a text or bytes as they are. */
  body?: unknown;
  /** Default: one that may do all. Null: none. */
  key?: string | null;
  headers?: Record<string, string>;
}

export interface Line {
  fields: Record<string, unknown>;
  message: string;
}

export class Api {
  readonly server: Running;
  readonly url: string;
  /** What was written into the log. */
  readonly lines: readonly Line[];
  /** May do all. */
  readonly all: string;
  readonly #keys: ApiKey[];

  private constructor(server: Running, keys: ApiKey[], lines: Line[]) {
    this.server = server;
    this.url = `${server.url}/crossroom/v1`;
    this.#keys = keys;
    this.lines = lines;
    this.all = this.key(SCOPES);
  }

  static async start(options: RoomsServerOptions = {}): Promise<Api> {
    const keys: ApiKey[] = [];
    const lines: Line[] = [];
    const write = (fields: object, message: string): void =>
      void lines.push({ fields: { ...fields }, message });
    const log = { debug: () => undefined, info: write, warn: write, error: write };
    return new Api(await startRooms({ apiKeys: { all: () => keys }, log, ...options }), keys, lines);
  }

  get keys(): readonly ApiKey[] {
    return this.#keys;
  }

  /** Makes a key, and returns its text. */
  key(scopes: readonly Scope[], more: Partial<ApiKey> = {}): string {
    const { text, key } = newApiKey({ scopes, created: Date.now(), ...more }, randomBytes);
    this.#keys.push(key);
    return text;
  }

  /** Takes a key no more, as if its file were without it. */
  forget(text: string): void {
    const at = this.#keys.findIndex(({ id }) => text.includes(id));
    this.#keys.splice(at, 1);
  }

  async ask(path: string, { method, body, key = this.all, headers = {} }: Asked = {}): Promise<Answered> {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const text = isRaw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body);
    const response = await fetch(`${this.url}${path}`, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...(key === null ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: text }),
    });
    const said = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (said === "" ? {} : JSON.parse(said)) as Record<string, unknown>,
    };
  }

  /** The status and the code of what is refused, or the status alone. */
  async refusal(path: string, asked: Asked = {}): Promise<string> {
    const { status, body, headers } = await this.ask(path, asked);
    if (status < 400) return String(status);
    const isProblem = headers.get("content-type") === "application/problem+json" && body["status"] === status;
    return `${status} ${isProblem ? String(body["code"]) : "which is no problem"}`;
  }

  close(): Promise<void> {
    return this.server.close();
  }
}
