/**
 * A plain client where WebSocket is refused (PROTOCOL.md, section 12): reads a stream or polls, and sends by POST. As little of a client as
 * speaks it in full: a session that is cut off is read on where it was.
 */
import { asMessage, EVENT } from "../message.js";
import { type Client, type ClientSettings, type Open } from "./client.js";
import { Browser, StatusError } from "./http.js";

const PATH = "/bridge";

/** Milliseconds after a failure: at once, then doubled (12.10). */
const RETRIES = [0, 500, 1_000, 2_000, 4_000, 5_000];

interface Frame {
  type: string;
  event?: string;
  args?: unknown[];
  offset?: string;
  pid?: string;
}

export const open: Open = ({ port, settings, onMessage }) => {
  const client = new BridgeHttpClient(new Browser(port), settings, (value) => onMessage(asMessage(value)));
  void client.run();
  return client;
};

class BridgeHttpClient implements Client {
  readonly #browser: Browser;
  readonly #settings: ClientSettings;
  readonly #onEvent: (value: unknown) => void;
  /** Asks Socket.IO for what was missed, where the session itself is gone. */
  #resume: { pid?: string; offset?: string } = {};
  #session = "";
  #received = 0;
  #sent = 0;
  /** POSTs are made one after the other. */
  #posting: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(browser: Browser, settings: ClientSettings, onEvent: (value: unknown) => void) {
    this.#browser = browser;
    this.#settings = settings;
    this.#onEvent = onEvent;
  }

  async run(): Promise<void> {
    while (this.#isOpen()) {
      const opened = await this.#persist(() => this.#browser.text("post", PATH, { body: "" }));
      if (opened === undefined) continue;
      ({ session: this.#session } = JSON.parse(opened) as { session: string });
      this.#received = this.#sent = 0;
      void this.#post(JSON.stringify({ type: "connect", ...this.#resume }));
      // Until the server knows the session no more.
      while (this.#isOpen() && (await this.#persist(() => this.#read())) !== undefined);
    }
  }

  send(message: object): Promise<void> {
    return this.#post(JSON.stringify({ type: "event", event: EVENT, args: [message] }));
  }

  close(): void {
    this.#isClosed = true;
    this.#browser.close();
  }

  readonly #isOpen = () => !this.#isClosed;

  /** Undefined where the session is to be given up. */
  async #persist<Value>(attempt: () => Promise<Value>): Promise<Value | undefined> {
    for (let failures = 0; this.#isOpen(); failures++) {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof StatusError && error.status < 500) return undefined;
        const wait = RETRIES[Math.min(failures, RETRIES.length - 1)]!;
        await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
      }
    }
    return undefined;
  }

  /** Of no line: says that the client is alive. */
  #post(line = ""): Promise<void> {
    const seq = this.#sent;
    if (line !== "") this.#sent++;
    const session = this.#session;
    this.#posting = this.#posting.then(async () => {
      if (session !== this.#session) return;
      const own: Record<string, string> = line === "" ? {} : { "Crossroom-Seq": String(seq) };
      const headers = { ...this.#headers(), ...own, "content-type": "application/x-ndjson" };
      await this.#persist(() => this.#browser.text("post", PATH, { headers, body: line }));
    });
    return this.#posting;
  }

  #headers(): Record<string, string> {
    return { "Crossroom-Session": this.#session, "Crossroom-Ack": String(this.#received) };
  }

  /** Resolves when the answer has ended as it should: a stream ends only by a fault. */
  async #read(): Promise<true> {
    const accept = this.#settings.reading === "polls" ? "text/plain" : "text/event-stream";
    const response = await this.#browser.open("get", PATH, {
      headers: { ...this.#headers(), Accept: accept },
    });
    response.setEncoding("utf8");
    if (response.statusCode !== 200) {
      response.resume();
      throw new StatusError(PATH, response.statusCode ?? 0);
    }
    let rest = "";
    let next = 0;
    for await (const piece of response) {
      const events = (rest + (piece as string)).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        const [, name, data = ""] =
          /^(?:event: (\w+)\n)?data: (.*)$/m.exec(event.replace(/^:.*\n?/gm, "")) ?? [];
        if (name === "open") ({ next } = JSON.parse(data) as { next: number });
        else if (name === "ping") void this.#post();
        else if (name === undefined && data !== "" && next++ >= this.#received) {
          this.#received++;
          this.#take(JSON.parse(data) as Frame);
        }
      }
    }
    return true;
  }

  #take({ type, event, args, offset, pid }: Frame): void {
    if (type === "connected" && pid !== undefined) this.#resume = { ...this.#resume, pid };
    if (type !== "event" || event !== EVENT) return;
    if (offset !== undefined) this.#resume = { ...this.#resume, offset };
    this.#onEvent(args?.[0]);
  }
}
