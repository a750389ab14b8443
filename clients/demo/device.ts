/** One side of the page as a device: who is signed in on it, and whether it has a network. Knows no document. */
import { Network } from "./network.js";
import { randomName } from "./names.js";
import { randomId } from "./random-id.js";
import { Session, type Place } from "./session.js";
import { signIn } from "./sign-in.js";
import type { OpenedSocket, OpenSocket, Way } from "./sockets.js";
import type { PaneStorage } from "./storage.js";
import { isRecord, isString, isStringList, wordsOf } from "./values.js";

export type DeviceState = "connecting" | "online" | "offline" | "ended";

export interface DeviceOptions {
  open: OpenSocket;
  /** The token by which the server's inspector finds this page's connections. */
  inspect: string;
  storage: PaneStorage;
  /** The room to begin in; undefined: where one was. */
  room: string | undefined;
  defaultRoom: string;
  onChange: () => void;
}

export class Device {
  readonly #options: DeviceOptions;
  readonly #network = new Network();
  #session: Session | undefined;
  #opened: OpenedSocket | undefined;
  #rooms: string[];
  #place: Place;
  #isInView = true;
  /** Why signing in failed. */
  #refusal: string | undefined;
  /** Counts the sessions that were begun: an older one that is still being opened gives way. */
  #begun = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    const { storage, room, defaultRoom } = options;
    const kept = storage.read("place", isPlace);
    this.#place = room === undefined && kept !== undefined ? kept : roomPlace(room ?? defaultRoom);
    this.#rooms = storage.read("rooms", isStringList) ?? [defaultRoom];
    this.#addRoom(this.#place);
    this.#start();
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get state(): DeviceState {
    if (!this.#network.isUp) return "offline";
    return this.#session?.state ?? "connecting";
  }

  /** How it reaches the server; undefined while it does not. */
  get way(): Way | undefined {
    return this.state === "online" ? this.#opened?.way() : undefined;
  }

  /** What went wrong last, in words. */
  get trouble(): string | undefined {
    return this.#refusal ?? this.#session?.trouble;
  }

  /** The name that somebody signed in with; undefined for a guest. */
  get signedInAs(): string | undefined {
    return this.#options.storage.read("signed-in", isString);
  }

  /** The display name: the server's word, or as long as there is none, what it will be asked for. */
  get name(): string {
    return this.#session?.self?.name ?? this.signedInAs ?? this.#guestName;
  }

  get isOnline(): boolean {
    return this.#network.isUp;
  }

  /** Resolves to whether it worked; if not, `trouble` says why. */
  async signIn(name: string): Promise<boolean> {
    try {
      const token = await signIn(name);
      this.#options.storage.write("signed-in", name);
      this.#backToRooms();
      await this.#begin(token);
      return true;
    } catch (error) {
      this.#refusal = `You could not sign in: ${wordsOf(error)}`;
      this.#options.onChange();
      return false;
    }
  }

  signOut(): void {
    this.#options.storage.removeItem("signed-in");
    this.#backToRooms();
    this.#start();
  }

  goOffline(): void {
    this.#network.goDown();
    this.#options.onChange();
  }

  /** The clients come back by themselves. */
  goOnline(): void {
    this.#network.comeUp();
    this.#options.onChange();
  }

  /** After its end, a session begins anew. */
  restart(): void {
    this.#start();
  }

  dismissTrouble(): void {
    this.#refusal = undefined;
    if (this.#session !== undefined) this.#session.trouble = undefined;
    this.#options.onChange();
  }

  /** Says whether somebody can see the device. */
  setInView(isInView: boolean): void {
    this.#isInView = isInView;
    this.#session?.setInView(isInView);
  }

  goTo(place: Place): void {
    this.#place = place;
    this.#addRoom(place);
    this.#options.storage.write("place", place);
    this.#session?.goTo(place);
  }

  leave(room: string): void {
    this.#rooms = this.#rooms.filter((name) => name !== room);
    this.#options.storage.write("rooms", this.#rooms);
    this.#session?.leave(room);
    this.goTo(roomPlace(this.#rooms[0] ?? this.#options.defaultRoom));
  }

  get #guestName(): string {
    const { storage } = this.#options;
    const name = storage.read("guest", isString) ?? randomName(Math.random);
    storage.write("guest", name);
    return name;
  }

  get #id(): string {
    const { storage } = this.#options;
    const id = storage.read("device", isString) ?? randomId();
    storage.write("device", id);
    return id;
  }

  #addRoom(place: Place): void {
    if (place.kind !== "room" || this.#rooms.includes(place.name)) return;
    this.#rooms = [...this.#rooms, place.name];
    this.#options.storage.write("rooms", this.#rooms);
  }

  /** A conversation is between two users: another one has no part in it. */
  #backToRooms(): void {
    if (this.#place.kind === "direct") this.goTo(roomPlace(this.#rooms[0] ?? this.#options.defaultRoom));
  }

  #start(): void {
    this.#begin().catch((error: unknown) => {
      this.#refusal = `This side could not start: ${wordsOf(error)}`;
      this.#options.onChange();
    });
  }

  /** Begins a session in place of the one before. `token` is for its first connect. */
  async #begin(token?: string): Promise<void> {
    const turn = ++this.#begun;
    const { open, inspect, storage, onChange } = this.#options;
    const user = this.signedInAs;
    this.#session?.close();
    this.#session = undefined;
    this.#refusal = undefined;
    this.#network.comeUp();
    onChange();
    const opened = await open(this.#network, inspect, onChange);
    if (turn !== this.#begun) return;
    this.#opened = opened;
    let fresh = token;
    const nextToken = (name: string): string | Promise<string> => {
      const given = fresh;
      fresh = undefined;
      return given ?? signIn(name);
    };
    this.#session = new Session(opened.socket, {
      storage: storage.within(user === undefined ? "as-guest." : `as-user.${user.toLowerCase()}.`),
      identity: user === undefined ? { name: this.#guestName } : { token: () => nextToken(user) },
      device: this.#id,
      rooms: this.#rooms,
      place: this.#place,
      isInView: this.#isInView,
      onChange,
    });
    onChange();
  }
}

export function roomPlace(name: string): Place {
  return { kind: "room", name };
}

function isPlace(value: unknown): value is Place {
  if (!isRecord(value)) return false;
  return value["kind"] === "room"
    ? isString(value["name"])
    : value["kind"] === "direct" && isString(value["user"]);
}
