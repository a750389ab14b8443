/** A client in an agent of the conformance suite (docs/conformance-agent.md): a native SDK, as an application would have it. */
import { isDeepStrictEqual } from "node:util";
import { type Agent, AgentError, type Report } from "../../conformance/agent.js";
import type { Content, Position } from "../records.js";
import { type Device, type DeviceOptions, type Letter, jsonPayload } from "./device.js";
import type { InboxItem, Journal, Member, Message, Signal } from "./journal.js";

/** As an application would set it where the network is this bad. */
const RECONNECT = { min: 50, max: 500, timeout: 3_000 };

/** Milliseconds until a call is made again that nobody answers. */
const ACK_TIMEOUT = 3_000;

/** Milliseconds that a command of the soak may take: it is answered when the faults let it. */
const PATIENCE = 10 * 60_000;

export class AgentDevice implements Device {
  readonly #options: DeviceOptions;
  readonly #journal: Journal;
  readonly #agent: Agent;
  readonly user: string;
  readonly device: string;
  readonly #publishes = new Map<string, { room: string; content: Content }>();
  readonly #letters = new Map<string, Letter>();
  /** Name of the client that there is now; none while one is closed. */
  #client = "";
  #isStopped = false;
  #lastItem: Position | undefined;
  #inHand: Position | undefined;

  /** @param agent of the kind; may have other devices too. */
  constructor(
    readonly name: string,
    options: DeviceOptions,
    journal: Journal,
    agent: Agent,
  ) {
    this.#options = options;
    this.#journal = journal;
    this.#agent = agent;
    this.user = options.user;
    this.device = options.device;
  }

  async start(): Promise<void> {
    this.#journal.begin(this.#options.device, this.#options.protocol);
    await this.#open();
    const joins = this.#options.rooms.map((room) => this.#tell("join", { room }));
    await Promise.all([...joins, this.#tell("inbox", {})]);
    this.#journal.inboxOpened((await this.#tell("cursor", {})) as Position);
  }

  publish(room: string, content: Content): void {
    this.#journal.publish(room, content);
    this.#publishes.set(content.id, { room, content });
    this.#publishNow(room, content);
  }

  signal(room: string, content: Content): void {
    this.#journal.signal(room, content);
    if (this.#client !== "") this.#attempt("signal", { room, data: jsonPayload(content) });
  }

  send(letter: Letter): void {
    this.#journal.send(letter);
    this.#letters.set(letter.id, letter);
    this.#sendNow(letter);
  }

  reload(): void {
    // One at a time; what is published meanwhile is published by the next client.
    if (this.#client === "") return;
    this.#close().then(
      () => this.#begin(),
      (error: unknown) => this.#failed("close", error),
    );
  }

  stop(): void {
    this.#isStopped = true;
    // Should it not close, its program does not end at the end of the run, which is noticed.
    if (this.#client !== "") this.#close().catch(() => undefined);
  }

  /** Begins anew with what was kept. */
  #begin(): void {
    this.#journal.note({ kind: "reloaded" });
    this.#inHand = this.#lastItem;
    if (this.#isStopped) return;
    this.#open().catch((error: unknown) => this.#failed("open", error));
    for (const room of this.#options.rooms) {
      const since = this.#journal.position(room);
      this.#attempt("join", { room, ...(since === undefined ? {} : { since }) });
    }
    this.#attempt("inbox", {});
    for (const { room, content } of this.#publishes.values()) this.#publishNow(room, content);
    for (const letter of this.#letters.values()) this.#sendNow(letter);
  }

  #open(): Promise<unknown> {
    const { port, device } = this.#options;
    const client = this.#agent.newName();
    this.#client = client;
    // While it is closed it may still say what it has done: an item that it has processed, say.
    this.#agent.listen(client, (report) => this.#came(client, report));
    return this.#tell("open", {
      layer: "rooms",
      url: `http://127.0.0.1:${port}`,
      token: "ask",
      device,
      storage: this.name,
      ackTimeout: ACK_TIMEOUT,
      reconnect: RECONNECT,
    });
  }

  #close(): Promise<unknown> {
    const client = this.#client;
    this.#client = "";
    return this.#tell("close", {}, client);
  }

  #came(client: string, report: Report): void {
    switch (report.event) {
      case "ask":
        return this.#give(client, report["key"]);
      case "connect":
        return this.#journal.note({ kind: "connected" });
      case "disconnect":
        return this.#journal.note({ kind: "disconnected", reason: String(report["reason"]) });
      case "warning":
        return this.#journal.note({ kind: "warning", message: String(report["message"]) });
      case "end":
        return this.#refused("session", report["error"]);
      case "left":
        return this.#refused("join", report["error"]);
      case "joined": {
        const recovered = report["recovered"] === true;
        return this.#journal.joined(String(report["room"]), report["position"] as Position, { recovered });
      }
      case "message":
        return this.#journal.delivered(report["message"] as Message);
      case "signal":
        return this.#journal.signalled(report["signal"] as Signal);
      case "presence":
        return this.#journal.present(String(report["room"]), report["members"] as Member[]);
      case "device":
        return this.#journal.note({ kind: "device", taken: report["taken"] === true });
      case "item":
        return this.#item(report["item"] as InboxItem);
    }
  }

  /** What was in hand when the client was closed may come again, at once, and no other item may. */
  #item(item: InboxItem): void {
    const isAgain = isDeepStrictEqual(item.position, this.#inHand);
    this.#inHand = undefined;
    this.#lastItem = item.position;
    if (!isAgain) this.#journal.item(item, false);
  }

  #give(client: string, key: unknown): void {
    this.#options.token().then(
      (value) => this.#attempt("give", { key, value }, client),
      (error: unknown) => this.#failed("token", error),
    );
  }

  #publishNow(room: string, content: Content): void {
    const command = { room, data: jsonPayload(content), messageId: content.id };
    if (this.#client === "") return;
    this.#attempt("publish", command, this.#client, (value) => {
      this.#publishes.delete(content.id);
      this.#journal.publishAcked(room, content.id, (value as { position: Position }).position);
    });
  }

  #sendNow({ to, id, n, receipt }: Letter): void {
    const command = {
      to,
      data: jsonPayload({ by: this.name, n, size: 20, binaries: 0 }),
      messageId: id,
      receipt,
    };
    if (this.#client === "") return;
    this.#attempt("send", command, this.#client, () => {
      this.#letters.delete(id);
      this.#journal.sendAcked(to, id);
    });
  }

  #tell(name: string, fields: object, client = this.#client): Promise<unknown> {
    return this.#agent.tell({ client, do: name, ...fields }, PATIENCE).answer;
  }

  /** What fails by being closed is done again by the next client, if there is one. */
  #attempt(name: string, fields: object, client = this.#client, done?: (value: unknown) => void): void {
    this.#tell(name, fields, client).then(done, (error: unknown) => {
      if (this.#client === client) this.#failed(name, error);
    });
  }

  #failed(call: string, error: unknown): void {
    const code = error instanceof AgentError ? error.code : "unknown";
    this.#refused(call, { code, message: error instanceof Error ? error.message : String(error) });
  }

  #refused(call: string, error: unknown): void {
    const { code, message } = error as { code: string; message: string };
    this.#journal.note({ kind: "refused", call, code, message });
  }
}
