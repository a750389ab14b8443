/** A proxy as some companies have it: it passes HTTP on, and refuses upgrades. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

export class NoWebSocket {
  readonly #http: Server;
  readonly #target: string;
  /** How many upgrades it has refused. */
  refused = 0;

  private constructor(target: string) {
    this.#target = target;
    this.#http = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
    this.#http.on("upgrade", (_request, socket: Duplex) => {
      this.refused++;
      socket.on("error", () => undefined); // the client's end of it
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
  }

  /** @param target `http:` address of the server. */
  static async listen(target: string): Promise<NoWebSocket> {
    const proxy = new NoWebSocket(target);
    proxy.#http.listen(0, "127.0.0.1");
    await once(proxy.#http, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#http, "close");
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, headers, url = "/" } = incoming;
    const onward = request(`${this.#target}${url}`, { method, headers });
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    onward.on("error", () => outgoing.destroy());
    // Whoever goes away takes the other side along.
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}
