/** A client with no layer: bare frames on a WebSocket. It reconnects until it is stopped. */
import type { Random } from "../../support/random.js";
import type { Content } from "../records.js";
import type { Device, DeviceOptions, Letter } from "./device.js";
import { FramesInbox } from "./frames-inbox.js";
import { FramesRoom, type Host, type Result } from "./frames-room.js";
import type { InboxItem, Journal, Message, PresenceEvent, Signal } from "./journal.js";
import { Wire } from "./wire.js";

/** Milliseconds before a new connection, and before a call is made again: from, and up to. */
const PAUSE = { from: 20, to: 300 };

export class FramesDevice implements Device, Host {
  readonly #options: DeviceOptions;
  readonly #random: Random;
  readonly user: string;
  readonly device: string;
  readonly #rooms = new Map<string, FramesRoom>();
  readonly #inbox: FramesInbox;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #started: Promise<void>;
  #wire: Wire | undefined;
  #stopped = false;

  constructor(
    readonly name: string,
    options: DeviceOptions,
    readonly journal: Journal,
    random: Random,
  ) {
    this.#options = options;
    this.#random = random;
    this.user = options.user;
    this.device = options.device;
    const steps: Promise<void>[] = [];
    const step = (): (() => void) => {
      let done: () => void = () => undefined;
      steps.push(new Promise<void>((resolve) => (done = resolve)));
      return done;
    };
    for (const room of options.rooms) this.#rooms.set(room, new FramesRoom(room, this, step()));
    this.#inbox = new FramesInbox(name, this, random, step());
    this.#started = Promise.all(steps).then(() => undefined);
  }

  start(): Promise<void> {
    this.journal.begin(this.#options.device, "frames");
    void this.#connect();
    return this.#started;
  }

  publish(room: string, content: Content): void {
    this.journal.publish(room, content);
    this.#rooms.get(room)?.publish(content);
  }

  signal(room: string, content: Content): void {
    this.#rooms.get(room)?.signal(content);
  }

  send(letter: Letter): void {
    this.journal.send(letter);
    this.#inbox.send(letter);
  }

  reload(): void {
    this.#wire?.drop("reloaded");
  }

  stop(): void {
    this.#stopped = true;
    this.#wire?.drop("stopped");
    for (const timer of this.#timers) clearTimeout(timer);
  }

  call(
    event: string,
    argument: object,
    done: (result: Result) => void,
    refused?: (code: string) => boolean,
  ): void {
    this.#wire?.call(event, argument, (answer) => {
      if (answer.ok) return done(answer);
      const { code, message, retryable } = answer.error;
      if (retryable) this.#later(() => this.call(event, argument, done, refused));
      else if (refused?.(code) !== true) this.journal.note({ kind: "refused", call: event, code, message });
    });
  }

  async #connect(): Promise<void> {
    const { port, device, token } = this.#options;
    const auth = { token: await token(), device };
    if (this.#stopped) return;
    const wire: Wire = new Wire(`ws://127.0.0.1:${port}/bridge`, auth, {
      welcome: () => this.#connected(),
      event: (name, argument) => this.#event(name, argument),
      closed: (reason, fatal) => this.#closed(reason, fatal),
    });
    this.#wire = wire;
  }

  #connected(): void {
    this.journal.note({ kind: "connected" });
    for (const room of this.#rooms.values()) room.connected();
    this.#inbox.connected();
  }

  #event(name: string, argument: Record<string, unknown>): void {
    if (name === "message") {
      const message = argument as unknown as Message; // docs/rooms-api.md, 4.3
      this.#rooms.get(message.room)?.message(message);
    } else if (name === "inbox") {
      this.#inbox.item(argument as unknown as InboxItem); // docs/rooms-api.md, 9.3
    } else if (name === "token_expiring") {
      void this.#options.token().then((token) => this.call("refresh", { token }, () => undefined));
    } else if (name === "signal") {
      this.journal.signalled(argument as unknown as Signal); // docs/rooms-api.md, 7.1
    } else if (name === "presence") {
      this.journal.presence(argument as unknown as PresenceEvent); // docs/rooms-api.md, 8.4
    } else if (name === "device_taken" || name === "device_returned") {
      this.#inbox.deviceTaken(name === "device_taken");
    } else if (name === "session_end") {
      this.journal.note({
        kind: "refused",
        call: "session",
        code: "session_end",
        message: JSON.stringify(argument),
      });
    }
  }

  #closed(reason: string, fatal: boolean): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#wire = undefined;
    for (const room of this.#rooms.values()) room.disconnected();
    this.#inbox.disconnected();
    this.journal.note({ kind: "disconnected", reason });
    if (fatal) this.journal.note({ kind: "refused", call: "connection", code: "closed", message: reason });
    if (!this.#stopped) this.#later(() => void this.#connect());
  }

  #later(task: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        task();
      },
      PAUSE.from + this.#random.below(PAUSE.to - PAUSE.from),
    );
    this.#timers.add(timer);
  }
}
