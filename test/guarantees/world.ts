/** A rooms server whose clock can be moved, and which can be restarted on what it kept; and its clients. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import {
  createMemoryStore,
  createRoomsServer,
  newOwnKey,
  storeOptions,
  type RoomMessage,
  type RoomsServer,
  type RoomsServerOptions,
  type Store,
} from "../../server/index.js";
import { listenAgain } from "../support/listen-again.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";

interface TokenFields {
  seconds?: number;
  id?: string;
  claims?: Record<string, unknown>;
}

type Opener = (options: ReturnType<typeof storeOptions>) => Store | Promise<Store>;

export class World {
  readonly #options: RoomsServerOptions;
  readonly #open: Opener;
  readonly #clients: TestClient[] = [];
  #ahead = 0;
  /** Milliseconds by which its clock is wrong. */
  #wrong = 0;
  #port = 0;
  #server: RoomsServer | undefined;
  #store: Store | undefined;
  readonly #ownKey = newOwnKey();

  /** @param open Opens the store; by default one in memory, that outlasts the server but not the world. */
  constructor(options: RoomsServerOptions = {}, open: Opener = createMemoryStore) {
    this.#options = options;
    this.#open = open;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get running(): RoomsServer {
    if (this.#server === undefined) throw new Error("the server is not started");
    return this.#server;
  }

  /** Milliseconds since the Unix epoch, for the server and its store. */
  readonly now = (): number => Date.now() + this.#ahead + this.#wrong;
  readonly uptime = (): number => performance.now() + this.#ahead;

  /** Sets the server's clock, to be wrong by so many milliseconds. */
  set(wrong: number): void {
    this.#wrong = wrong;
  }

  /** Lets time pass, for the server. */
  advance(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  async start(): Promise<this> {
    this.#store ??= await this.#open(storeOptions({ ...this.#options, now: this.now, uptime: this.uptime }));
    const httpServer = createServer();
    this.#server = createRoomsServer(httpServer, {
      ...this.#options,
      tokens: { ownKey: this.#ownKey, ...this.#options.tokens },
      store: this.#store,
      now: this.now,
      uptime: this.uptime,
    });
    await listenAgain(httpServer, this.#port);
    this.#port = (httpServer.address() as AddressInfo).port;
    return this;
  }

  /** Ends the server and starts another one on the same port and store. Whoever was connected is not any more. */
  async restart(): Promise<void> {
    await this.#server?.close({ http: true });
    await this.start();
  }

  /** A connected client, with its `auth`. */
  async enter(protocol: Protocol, auth: object = {}): Promise<TestClient> {
    const client = PROTOCOLS[protocol].open(this.url);
    this.#clients.push(client);
    await client.enter(undefined, auth);
    return client;
  }

  /** A client that has joined a room, and the ack of the join. */
  async join(protocol: Protocol, room: string, auth: object = {}): Promise<Guest> {
    const client = await this.enter(protocol, auth);
    return { client, joined: await joinRoom(client, room) };
  }

  /** A token of this server's own, for `seconds` from now. */
  token(user: string, { seconds = 3600, id = "t1", claims = {} }: TokenFields = {}): Promise<string> {
    const now = Math.floor(this.now() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: this.#ownKey.id })
      .setSubject(user)
      .setJti(id)
      .setIssuedAt(now)
      .setExpirationTime(now + seconds)
      .sign(this.#ownKey.secret);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#server?.close({ http: true });
    await this.#store?.close();
  }
}

export interface Position {
  epoch: string;
  offset: number;
}

export interface Joined {
  position: Position;
  recovered?: boolean;
  messages?: RoomMessage[];
}

interface Guest {
  client: TestClient;
  joined: Joined;
}

/** Makes a call that must succeed; what its ack has. */
export async function call<Result>(client: TestClient, event: string, argument: object): Promise<Result> {
  const answer = await client.ask(event, argument);
  if (!answer.ok) throw new Error(`${event} was refused: ${JSON.stringify(answer)}`);
  return answer as unknown as Result;
}

export function joinRoom(client: TestClient, room: string, since?: Position): Promise<Joined> {
  return call<Joined>(client, "join", { room, ...(since === undefined ? {} : { since }) });
}

/** The code with which a call is refused. */
export async function refusalOf(client: TestClient, event: string, argument: object): Promise<string> {
  const answer = await client.ask(event, argument);
  if (answer.ok) throw new Error(`${event} was not refused: ${JSON.stringify(answer)}`);
  return answer.error.code;
}
