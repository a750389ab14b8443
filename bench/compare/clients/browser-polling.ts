/**
 * Engine.IO's polling on the same requests as the other ways. What it has of its own in Node.js, xmlhttprequest-ssl, takes a millisecond and a half
 * for each, and a connection too unless it is told otherwise: the client's library would be measured, which no browser has.
 */
import { Fetch } from "engine.io-client";
import { Browser } from "./http.js";

/** Undeclared, as in engine.io-client 6.6: where the transport's options and address are. */
interface Insides {
  opts: { port: string | number };
  uri(): string;
  onError(reason: string, description: unknown): void;
}

export class BrowserPolling extends Fetch {
  #browser: Browser | undefined;

  override doPoll(): void {
    this.#ask("get").then(
      (text) => this.onData(text),
      (error: unknown) => this.#fail("poll", error),
    );
  }

  override doWrite(data: string, callback: () => void): void {
    this.#ask("post", data).then(callback, (error: unknown) => this.#fail("post", error));
  }

  #ask(kind: "get" | "post", body?: string): Promise<string> {
    const insides = this.#insides;
    this.#browser ??= new Browser(Number(insides.opts.port));
    const { pathname, search } = new URL(insides.uri());
    const headers: Record<string, string> =
      kind === "post" ? { "content-type": "text/plain;charset=UTF-8" } : {};
    return this.#browser.text(kind, pathname + search, { headers, ...(body === undefined ? {} : { body }) });
  }

  #fail(what: string, error: unknown): void {
    this.#insides.onError(`${what} error`, error);
  }

  get #insides(): Insides {
    return this as unknown as Insides;
  }
}
