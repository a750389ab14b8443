/** One room on one device: its messages, what waits to be sent, who is there and who types. Knows no document. */
import type { Position, Room, RoomMessage, Rooms } from "@crossroom/client/rooms";
import type { Content } from "./content.js";
import { MemberPages } from "./member-pages.js";
import { comings } from "./members.js";
import { Outbox, type Waiting } from "./outbox.js";
import type { PaneStorage } from "./storage.js";
import { Timeline } from "./timeline.js";
import { TypingBoard } from "./typing.js";
import { isRecord, wordsOf } from "./values.js";

/** Messages that are asked for at a time. */
const PAGE = 30;

export interface FeedOptions {
  rooms: Rooms;
  storage: PaneStorage;
  /** Something about the room has changed. */
  onChange: () => void;
}

export class Feed {
  readonly #options: FeedOptions;
  readonly name: string;
  readonly timeline = new Timeline();
  unread = 0;
  loading = false;
  /** Why the last page could not be loaded. */
  failure: string | undefined;
  #watched = false;
  #joinedOnce = false;
  /** Counts how often the timeline began anew: a page of the one before does not belong into it. */
  #turn = 0;
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #room: Room;
  readonly pages: MemberPages;
  readonly #outbox: Outbox;
  readonly #typing = new TypingBoard(Date.now);

  constructor(name: string, options: FeedOptions) {
    this.#options = options;
    this.name = name;
    this.#room = options.rooms.room(name);
    this.pages = new MemberPages(this.#room, () => this.#changed());
    /** Of a room that tells who is there. */
    let members: Room["members"] | undefined;
    this.#room
      .on("message", (message) => this.#onMessage(message))
      .on("signal", ({ from, data }) => {
        if (from.user === this.#self) return;
        this.#typing.heard(from.user, from.name, isTyping(data));
        this.#changed();
      })
      .on("presence", (now) => {
        const isNamed = !this.#room.isCounted;
        if (members !== undefined && isNamed) this.#tellComings(members, now);
        members = isNamed ? new Map(now) : undefined;
        if (isNamed) this.pages.clear();
        this.#changed();
      })
      .on("joined", ({ recovered }) => this.#onJoined(recovered))
      .on("left", ({ message }) => this.#complain(`You are out of this room: ${message}`));
    this.#outbox = new Outbox({
      storage: options.storage,
      key: this.#waitingKey,
      publish: (data, id) => this.#room.publish(data, { id }),
      onChange: options.onChange,
    });
    this.#join();
  }

  get members(): Room["members"] {
    return this.#room.members;
  }

  get memberCount(): number {
    return this.#room.memberCount;
  }

  /** Whether so many are there that only `pages` has who they are. */
  get isCounted(): boolean {
    return this.#room.isCounted;
  }

  get joined(): boolean {
    return this.#room.joined;
  }

  /** What this device has written and does not see in the room yet. */
  get waiting(): readonly Waiting[] {
    return this.#outbox.items;
  }

  get typing(): string[] {
    return this.#typing.names();
  }

  /** Whether somebody looks at the room: what comes then is read. */
  watch(isWatched: boolean): void {
    this.#watched = isWatched;
    if (isWatched) this.#read(this.timeline.last);
  }

  publish(content: Content): void {
    this.#outbox.add(content);
    this.#changed();
  }

  signalTyping(isTyping: boolean): void {
    if (this.#room.joined) this.#room.signal({ typing: isTyping });
  }

  /** Loads the page before the oldest message, if there is more and the last attempt did not fail. */
  async loadOlder(): Promise<void> {
    const { first } = this.timeline;
    const turn = this.#turn;
    const isIdle = !this.loading && this.failure === undefined;
    if (!isIdle || this.timeline.more === false || !this.#room.joined) return;
    this.loading = true;
    this.#changed();
    try {
      const page = await this.#room.history({
        limit: PAGE,
        ...(first === undefined ? {} : { before: first }),
      });
      if (turn !== this.#turn) return;
      this.timeline.loaded(page.messages, page.more);
      if (this.#watched) this.#read(this.timeline.last);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.failure = wordsOf(error);
    }
    this.loading = false;
    this.#changed();
  }

  retryLoading(): void {
    this.failure = undefined;
    void this.loadOlder();
  }

  /** The connection is lost: what comes next was missed, until the room is joined again. */
  onLost(): void {
    this.timeline.left();
    this.#typing.clear();
    this.#changed();
  }

  async leave(): Promise<void> {
    this.#options.storage.removeItem(this.#readKey);
    this.#options.storage.removeItem(this.#waitingKey);
    this.dispose();
    await this.#room.leave();
  }

  /** Ends what runs by itself. */
  dispose(): void {
    clearTimeout(this.#typingTimer);
  }

  get #self(): string | undefined {
    return this.#options.rooms.self?.user;
  }

  get #readKey(): string {
    return `read.${this.name}`;
  }

  get #waitingKey(): string {
    return `waiting.${this.name}`;
  }

  /** From where this tab has read, so that what came during a reload shows as missed. */
  #join(): void {
    const since = this.#options.storage.read(this.#readKey, isPosition);
    if (since !== undefined) this.timeline.left();
    this.#room
      .join(since === undefined ? {} : { since })
      .catch((error: unknown) => this.#complain(`You could not join: ${wordsOf(error)}`));
  }

  #onJoined(recovered: boolean): void {
    if (this.#joinedOnce && !recovered) {
      this.#turn++;
      this.loading = false;
      this.failure = undefined;
      this.timeline.reset();
      this.timeline.note("Some of what you missed is not kept any more. Here is the newest.");
    }
    this.#joinedOnce = true;
    this.timeline.back();
    if (this.timeline.more === undefined) void this.loadOlder();
    this.#changed();
  }

  #onMessage(message: RoomMessage): void {
    const isOwn = message.from.user === this.#self;
    if (isOwn) this.#outbox.seen(message.id);
    if (this.timeline.arrived(message, isOwn)) {
      if (this.#watched) this.#read(message.position);
      else if (!isOwn) this.unread++;
    }
    this.#typing.heard(message.from.user, message.from.name, false);
    this.#changed();
  }

  #tellComings(before: Room["members"], after: Room["members"]): void {
    const { came, went } = comings(before, after, this.#self);
    for (const { name } of came) this.timeline.note(`${name} came`);
    for (const { name, user } of went) {
      this.#typing.heard(user, name, false);
      this.timeline.note(`${name} went`);
    }
  }

  #read(position: Position | undefined): void {
    this.unread = 0;
    if (position !== undefined) this.#options.storage.write(this.#readKey, position);
  }

  #complain(text: string): void {
    this.timeline.note(text, true);
    this.#changed();
  }

  #changed(): void {
    clearTimeout(this.#typingTimer);
    const expiry = this.#typing.nextExpiry();
    if (expiry !== undefined) this.#typingTimer = setTimeout(() => this.#changed(), expiry + 1);
    this.#options.onChange();
  }
}

function isTyping(data: unknown): boolean {
  return isRecord(data) && data["typing"] === true;
}

function isPosition(value: unknown): value is Position {
  return isRecord(value) && typeof value["epoch"] === "string" && typeof value["offset"] === "number";
}
