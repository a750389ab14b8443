/** HTTP/1.1 as a browser speaks it: its headers, and connections that are kept. */
import { Agent, request, type IncomingMessage } from "node:http";
import { browserHeaders, type RequestKind } from "../browser-headers.js";
import type { Message } from "../message.js";

/** As many connections as browsers open to one host. */
const MAX_SOCKETS = 6;

/** An answer that is none of 2xx. */
export class StatusError extends Error {
  constructor(
    path: string,
    readonly status: number,
  ) {
    super(`${path} was answered with ${status}`);
  }
}

export class Browser {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  readonly #headers = new Map<RequestKind, Record<string, string>>();

  constructor(port: number) {
    this.#port = port;
  }

  /** Resolves to the answer once its head is there; rejects where there is none. */
  open(
    kind: RequestKind,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = request({
        ...{ host: "127.0.0.1", port: this.#port, path, agent: this.#agent },
        method: body === undefined ? "GET" : "POST",
        headers: {
          ...this.#of(kind),
          ...headers,
          ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        },
      });
      asked.once("response", resolve);
      asked.once("error", reject);
      asked.end(body);
    });
  }

  /** Resolves to the whole body. Rejects where the answer is cut off, or is none of 2xx. */
  async text(
    kind: RequestKind,
    path: string,
    options?: { headers?: Record<string, string>; body?: string },
  ): Promise<string> {
    const response = await this.open(kind, path, options);
    response.setEncoding("utf8");
    let text = "";
    for await (const part of response) text += part as string;
    const { statusCode: status = 0 } = response;
    if (status < 200 || status > 299) throw new StatusError(path, status);
    return text;
  }

  async post(message: Message): Promise<void> {
    await this.text("post", "/messages", { body: JSON.stringify(message) });
  }

  /** Ends every connection. */
  close(): void {
    this.#agent.destroy();
  }

  #of(kind: RequestKind): Record<string, string> {
    const known = this.#headers.get(kind);
    if (known !== undefined) return known;
    const made = browserHeaders(kind, this.#port);
    this.#headers.set(kind, made);
    return made;
  }
}
