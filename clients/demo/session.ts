/** One user's stay on one device: rooms, direct messages, and which of them is looked at. Knows no document. */
import {
  createRooms,
  type Rooms,
  type RoomsOptions,
  type Self,
  type SocketLike,
} from "@crossroom/client/rooms";
import type { Content } from "./content.js";
import { Conversations } from "./conversations.js";
import { Feed } from "./feed.js";
import { LayerStorage } from "./layer-storage.js";
import type { PaneStorage } from "./storage.js";
import { wordsOf } from "./values.js";

export type SessionState = "connecting" | "online" | "ended";

/** What the device shows: a room, or the conversation with a user. */
export type Place = { kind: "room"; name: string } | { kind: "direct"; user: string };

export interface SessionOptions {
  /** This user's part of what the side keeps. */
  storage: PaneStorage;
  /** A token's provider, or a guest's name. */
  identity: Required<Pick<RoomsOptions, "token">> | Required<Pick<RoomsOptions, "name">>;
  /** The device's id; the same for whoever signs in here. */
  device: string;
  rooms: readonly string[];
  place: Place;
  isInView: boolean;
  onChange: () => void;
}

export class Session {
  readonly #options: SessionOptions;
  state: SessionState = "connecting";
  /** What went wrong last, in words. */
  trouble: string | undefined;
  place: Place;
  conversations: Conversations | undefined;
  #isInView: boolean;
  readonly #rooms: Rooms;
  readonly #feeds = new Map<string, Feed>();

  constructor(socket: SocketLike, options: SessionOptions) {
    this.#options = options;
    const { storage, identity, device } = options;
    this.place = options.place;
    this.#isInView = options.isInView;
    this.#rooms = createRooms(socket, {
      ...identity,
      device,
      storage: new LayerStorage(storage.within("layer."), localStorage),
    });
    this.#rooms
      .on("connect", (self) => this.#onConnect(self))
      .on("disconnect", () => {
        this.#set("connecting");
        for (const feed of this.#feeds.values()) feed.onLost();
      })
      .on("warning", ({ message }) => {
        const isUp = this.state === "online";
        this.complain(isUp ? message : `There is no connection (${message}). Trying again …`);
      })
      .on("end", (error) => {
        this.#set("ended");
        this.complain(error.message);
      });
    for (const name of options.rooms) this.enter(name);
    this.goTo(options.place);
  }

  get self(): Self | undefined {
    return this.#rooms.self;
  }

  get feeds(): readonly Feed[] {
    return [...this.#feeds.values()];
  }

  feed(name: string): Feed | undefined {
    return this.#feeds.get(name);
  }

  /** Joins a room, if need be. */
  enter(name: string): void {
    if (this.#feeds.has(name)) return;
    const { storage, onChange } = this.#options;
    this.#feeds.set(name, new Feed(name, { rooms: this.#rooms, storage, onChange }));
  }

  leave(name: string): void {
    const feed = this.#feeds.get(name);
    this.#feeds.delete(name);
    feed?.leave().catch((error: unknown) => this.complain(wordsOf(error)));
  }

  goTo(place: Place): void {
    this.place = place;
    if (place.kind === "room") this.enter(place.name);
    this.#watch();
  }

  /** Says whether somebody can see the device's place: what comes there then is read. */
  setInView(isInView: boolean): void {
    this.#isInView = isInView;
    this.#watch();
  }

  /** Says something where the user looks. Returns false if that cannot be; `trouble` then says why. */
  say(content: Content): boolean {
    const { place, conversations } = this;
    if (place.kind === "room") {
      this.feed(place.name)?.publish(content);
    } else if (conversations === undefined) {
      this.complain("Wait until there is a connection: only then is it known who writes.");
      return false;
    } else if (place.user === this.self?.user) {
      this.complain("This is you. Choose somebody else.");
      return false;
    } else {
      conversations.send(place.user, content);
    }
    return true;
  }

  complain(text: string): void {
    this.trouble = text;
    this.#options.onChange();
  }

  close(): void {
    for (const feed of this.#feeds.values()) feed.dispose();
    this.#rooms.close();
  }

  #onConnect(self: Self): void {
    this.trouble = undefined;
    this.#set("online");
    if (this.conversations === undefined) this.#openInbox(self);
  }

  /** Only now is it known whose it is. */
  #openInbox({ user }: Self): void {
    const { storage, onChange } = this.#options;
    const conversations = new Conversations({
      storage: storage.within(`${user}.`),
      send: (to, data, id) => this.#rooms.send(to, data, { id, receipt: true }),
      onChange,
    });
    this.conversations = conversations;
    this.#watch();
    this.#rooms.inbox
      .process((item) => conversations.receive(item))
      .catch((error: unknown) => this.complain(`The inbox could not be opened: ${wordsOf(error)}`));
  }

  #watch(): void {
    const { place } = this;
    for (const feed of this.#feeds.values()) {
      feed.watch(this.#isInView && place.kind === "room" && feed.name === place.name);
    }
    if (place.kind === "direct") this.conversations?.with(place.user, this.#nameOf(place.user));
    this.conversations?.watch(this.#isInView && place.kind === "direct" ? place.user : undefined);
    this.#options.onChange();
  }

  /** The name of somebody who is in one of the rooms. */
  #nameOf(user: string): string | undefined {
    return this.feeds.map(({ members }) => members.get(user)?.name).find((name) => name !== undefined);
  }

  #set(state: SessionState): void {
    this.state = state;
    this.#options.onChange();
  }
}
