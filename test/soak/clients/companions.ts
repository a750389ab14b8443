/** Clients that are there for a while: a second connection of some client's device, or a user who comes and goes. */
import { Random } from "../../support/random.js";
import type { Party } from "../load.js";
import type { Recorder } from "../records.js";
import { FramesInbox } from "./frames-inbox.js";
import { FramesRoom, type Host, type Result } from "./frames-room.js";
import {
  type InboxItem,
  Journal,
  type Ledger,
  type Message,
  type PresenceEvent,
  type Signal,
} from "./journal.js";
import { tokenOf } from "./tokens.js";
import { Wire } from "./wire.js";

export interface CompanionsOptions {
  /** Where the proxy listens, on 127.0.0.1. */
  port: number;
  rooms: readonly string[];
  parties: readonly Party[];
  ledger: Ledger;
  recorder: (name: string) => Recorder;
  random: Random;
}

/** One that has come; `close` may be called again. */
export interface Company {
  name: string;
  close: () => void;
}

export class Companions {
  readonly #options: CompanionsOptions;
  readonly #all: Companion[] = [];

  constructor(options: CompanionsOptions) {
    this.#options = options;
  }

  /** @param on which of the clients, from 0 up to 1. */
  double(on: number, acks: boolean): Company {
    const { parties, recorder } = this.#options;
    const party = parties[Math.floor(on * parties.length)];
    if (party === undefined) throw new Error("there is nobody to be doubled");
    const { device, journal } = party;
    const name = `${device.name}-double${this.#all.length}`;
    return this.#add(
      new Companion(journal.ofDouble(recorder(name)), {
        ...{ device: device.device, doubles: device.name, acks, leaves: false },
        ...this.#common(),
      }),
    );
  }

  visit(leaves: boolean): Company {
    const { ledger, recorder } = this.#options;
    const user = `visitor${this.#all.length}`;
    const journal = new Journal(recorder(user), user, ledger);
    const own = { device: "tablet", doubles: undefined, acks: false, leaves };
    return this.#add(new Companion(journal, { ...own, ...this.#common() }));
  }

  /** All go. */
  end(): void {
    for (const companion of this.#all) companion.close();
  }

  #common(): Pick<CompanionOptions, "port" | "rooms" | "random"> {
    const { port, rooms, random } = this.#options;
    return { port, rooms, random: new Random(random.below(2 ** 32)) };
  }

  #add(companion: Companion): Company {
    this.#all.push(companion);
    void companion.connect();
    return { name: companion.name, close: () => companion.close() };
  }
}

interface CompanionOptions {
  port: number;
  rooms: readonly string[];
  random: Random;
  device: string;
  /** The client whose device it has too: then it takes the inbox. */
  doubles: string | undefined;
  /** Whether it acks what it takes. */
  acks: boolean;
  /** Whether it leaves the rooms before it goes. */
  leaves: boolean;
}

/** Does not come again when its connection is lost. */
class Companion implements Host {
  readonly #options: CompanionOptions;
  readonly #rooms: ReadonlyMap<string, FramesRoom>;
  readonly #inbox: FramesInbox | undefined;
  #wire: Wire | undefined;
  #isClosing = false;
  #isOver = false;

  constructor(
    readonly journal: Journal,
    options: CompanionOptions,
  ) {
    this.#options = options;
    const { rooms, random, doubles } = options;
    const nothing = (): void => undefined;
    this.#rooms = new Map(rooms.map((room) => [room, new FramesRoom(room, this, nothing)]));
    this.#inbox = doubles === undefined ? undefined : new FramesInbox(journal.name, this, random, nothing);
  }

  get name(): string {
    return this.journal.name;
  }

  async connect(): Promise<void> {
    const { device, doubles, port } = this.#options;
    this.journal.beginCompany(device, doubles);
    const auth = { token: await tokenOf(this.journal.user), device };
    if (this.#isClosing) return this.#over();
    this.#wire = new Wire(`ws://127.0.0.1:${port}/bridge`, auth, {
      welcome: () => this.#connected(),
      event: (name, argument) => this.#event(name, argument),
      closed: (reason, fatal) => this.#closed(reason, fatal),
    });
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#options.leaves && this.journal.isConnected) this.#leave();
    else this.#wire?.drop("closed");
  }

  call(
    event: string,
    argument: object,
    done: (result: Result) => void,
    refused?: (code: string) => boolean,
  ): void {
    if (event === "inbox_ack" && !this.#options.acks) return;
    this.#wire?.call(event, argument, (answer) => {
      if (answer.ok) return done(answer);
      const { code, message, retryable } = answer.error;
      if (!retryable && refused?.(code) !== true) {
        this.journal.note({ kind: "refused", call: event, code, message });
      }
    });
  }

  /** Where the leave gets no answer, the heartbeat ends the connection. */
  #leave(): void {
    const left = new Set<string>();
    for (const room of this.#options.rooms) {
      this.call("leave", { room }, () => {
        if (left.add(room).size === this.#options.rooms.length) this.#wire?.drop("closed");
      });
    }
  }

  #connected(): void {
    this.journal.note({ kind: "connected" });
    for (const room of this.#rooms.values()) room.connected();
    this.#inbox?.connected();
  }

  #event(name: string, argument: Record<string, unknown>): void {
    switch (name) {
      case "message": {
        const message = argument as unknown as Message; // docs/rooms-api.md, 4.3
        return this.#rooms.get(message.room)?.message(message);
      }
      case "signal":
        return this.journal.signalled(argument as unknown as Signal); // docs/rooms-api.md, 7.1
      case "presence":
        return this.journal.presence(argument as unknown as PresenceEvent); // docs/rooms-api.md, 8.4
      case "inbox":
        return this.#inbox?.item(argument as unknown as InboxItem); // docs/rooms-api.md, 9.3
      case "device_taken":
      case "device_returned":
        return this.#inbox?.deviceTaken(name === "device_taken");
    }
  }

  #closed(reason: string, fatal: boolean): void {
    this.#wire = undefined;
    this.#isClosing = true;
    for (const room of this.#rooms.values()) room.disconnected();
    this.#inbox?.disconnected();
    this.journal.note({ kind: "disconnected", reason });
    if (fatal) this.journal.note({ kind: "refused", call: "connection", code: "closed", message: reason });
    this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.journal.note({ kind: "closed" });
  }
}
