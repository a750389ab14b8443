/**
 * The client and the rooms layer in a bare context, which has what the language has, timers and a WebSocket, as React Native may: no
 * Buffer, btoa, atob, TextEncoder, crypto, queueMicrotask or performance; and a storage that answers by promises.
 */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext, type Context } from "node:vm";
import ts from "typescript";
import { WebSocket } from "ws";
import type * as layer from "../../clients/typescript/src/rooms/index.js";
import type { RoomMessage } from "../../clients/typescript/src/rooms/index.js";
import type * as plain from "../../clients/typescript/src/index.js";
import { within } from "../support/deadline.js";
import { next } from "./rooms/support/record.js";
import { Stage } from "./rooms/support/stage.js";

const CLIENTS = fileURLToPath(new URL("../../clients/typescript/src/", import.meta.url));

/** React Native's, as far as clients see it: it does not say how much it holds. */
class NativeWebSocket {
  readonly #socket: WebSocket;

  constructor(url: string, protocols?: string | string[]) {
    this.#socket = new WebSocket(url, protocols);
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code?: number): void {
    this.#socket.close(code);
  }

  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void {
    this.#socket.addEventListener(type, listener);
  }
}

/** One that a proxy refuses: nobody is told why. */
class RefusedWebSocket {
  send(): void {
    throw new Error("it was never open");
  }

  close(): void {
    // It is closed already.
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    if (type === "error")
      setTimeout(() => listener({ type, message: "Received bad response code from server 400" }));
  }
}

async function wholeAnswer(url: string, init: RequestInit) {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** AsyncStorage's methods. */
class AsyncStorage {
  readonly values = new Map<string, string>();

  getItem(key: string): Promise<string | null> {
    return Promise.resolve(this.values.get(key) ?? null);
  }

  setItem(key: string, value: string): Promise<void> {
    this.values.set(key, value);
    return Promise.resolve();
  }

  removeItem(key: string): Promise<void> {
    this.values.delete(key);
    return Promise.resolve();
  }
}

const scripts = new Map<string, string>();

/** A compiled module, as a script that a context can run. */
function scriptOf(path: string): string {
  const known = scripts.get(path);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(readFileSync(path, "utf8"), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  scripts.set(path, outputText);
  return outputText;
}

/** The exports of a compiled module, run in the context with all that it imports. */
function load(context: Context, path: string, loaded = new Map<string, object>()): object {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  const exports = {};
  loaded.set(path, exports);
  const run = runInContext(`(function (exports, require) {${scriptOf(path)}\n})`, context) as (
    exports: object,
    require: (name: string) => object,
  ) => void;
  run(exports, (name) => load(context, join(dirname(path), name), loaded));
  return exports;
}

function bareContext(more: object = {}): Context {
  const context = createContext({ setTimeout, clearTimeout, WebSocket: NativeWebSocket, ...more });
  for (const name of [
    "Buffer",
    "process",
    "btoa",
    "TextEncoder",
    "crypto",
    "queueMicrotask",
    "performance",
  ]) {
    expect(runInContext(`typeof ${name}`, context)).to.equal("undefined");
  }
  return context;
}

describe("in a bare context, as React Native's", () => {
  let stage: Stage;
  let io: typeof plain.io;
  let createRooms: typeof layer.createRooms;
  const opened: layer.Rooms[] = [];

  before(() => {
    const context = bareContext();
    ({ io } = load(context, join(CLIENTS, "index.js")) as typeof plain);
    ({ createRooms } = load(context, join(CLIENTS, "rooms/index.js")) as typeof layer);
  });

  beforeEach(async () => {
    stage = await Stage.start();
  });

  afterEach(async () => {
    for (const rooms of opened.splice(0)) rooms.close();
    await stage.end();
  });

  function open(options: layer.RoomsOptions): layer.Rooms {
    const rooms = createRooms(io(stage.url, { forceNew: true }), options);
    opened.push(rooms);
    return rooms;
  }

  it("rooms work, with text and with binary", async () => {
    const room = open({ name: "Ada" }).room("r");
    const other = stage.direct("socket.io-client").room("r");
    await within(Promise.all([room.join(), other.join()]), "the joins");
    const exchange = async (data: unknown): Promise<unknown[]> => {
      const messages = Promise.all([room, other].map((one) => next<RoomMessage>(one, "message")));
      await within(room.publish(data), "the ack");
      return (await within(messages, "the messages")).map((message) => message.data);
    };
    expect(await exchange("naïve 😀")).to.deep.equal(["naïve 😀", "naïve 😀"]);
    const [mine, theirs] = (await exchange({ bytes: Uint8Array.of(0, 1, 254, 255) })) as {
      bytes: ArrayBuffer;
    }[];
    expect(Object.prototype.toString.call(mine?.bytes)).to.equal("[object ArrayBuffer]");
    for (const got of [mine, theirs]) expect([...new Uint8Array(got!.bytes)]).to.deep.equal([0, 1, 254, 255]);
  });

  it("a storage that answers by promises keeps device, guest and inbox over a restart", async () => {
    const storage = new AsyncStorage();
    const first = open({ storage });
    expect(first.device).to.equal(undefined);
    const self = await within(first.ready(), "the first connection");
    expect(first.device)
      .to.equal(self.device)
      .and.match(/^[0-9a-f]{32}$/);
    await first.send(self.user, "note");
    const items = first.inbox.items();
    expect((await within(items.next(), "the item")).value).to.include({ data: "note" });
    void items.next();
    await within(first.flush(5_000), "the flush");
    const { cursor } = first.inbox;
    first.close();
    const second = open({ storage });
    const { user, device } = await within(second.ready(), "the second connection");
    expect({ user, device }).to.deep.equal({ user: self.user, device: self.device });
    expect(
      await within(
        second.inbox.process(() => undefined),
        "the inbox",
      ),
    ).to.deep.equal({ waiting: 0 });
    expect(second.inbox.cursor).to.deep.equal(cursor);
  });

  it("what a listener throws is thrown on its own", async () => {
    const later: (() => void)[] = [];
    const context = bareContext({ setTimeout: (task: () => void) => later.push(task) });
    const { callUser } = load(context, join(CLIENTS, "shared/user-code.js")) as {
      callUser: (task: () => void) => void;
    };
    callUser(() => {
      throw new RangeError("the application's");
    });
    expect(later).to.have.length(1);
    expect(later[0]).to.throw("the application's");
    await Promise.resolve();
  });

  it("base64 by hand is base64, for bytes of all lengths", () => {
    const context = bareContext();
    const platform = load(context, join(CLIENTS, "shared/platform.js")) as {
      encodeBase64(bytes: Uint8Array): string;
      decodeBase64(text: string): ArrayBuffer;
      utf8Length(text: string): number;
    };
    for (let length = 0; length < 300; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + length) % 256);
      const text = Buffer.from(bytes).toString("base64");
      expect(platform.encodeBase64(bytes)).to.equal(text);
      expect(Buffer.from(platform.decodeBase64(text)).equals(bytes)).to.equal(true);
    }
    for (const text of ["", "a", "é", "€", "😀", "a😀é\u{10ffff}"]) {
      expect(platform.utf8Length(text)).to.equal(Buffer.byteLength(text));
    }
  });

  it("polls where WebSocket is refused, by a fetch that shows no answer before it is whole", async () => {
    const asked: string[] = [];
    const nativeFetch = async (url: string, init: RequestInit): Promise<object> => {
      asked.push(`${init.method} ${new Headers(init.headers).get("accept") ?? ""}`);
      const { status, headers, ...answer } = await wholeAnswer(url, init);
      return { status, headers, text: () => Promise.resolve(answer.text) };
    };
    const more = { fetch: nativeFetch, AbortController, WebSocket: RefusedWebSocket };
    const bare = load(bareContext(more), join(CLIENTS, "index.js")) as typeof plain;
    const socket = bare.io(stage.url, { forceNew: true, auth: { name: "Ada" } });
    await within(new Promise<void>((resolve) => void socket.once("connect", resolve)), "the connection");
    expect(socket.io.transport).to.equal("polling");
    const answer = await socket.timeout(5_000).emitWithAck("join", { room: "lobby" });
    expect(answer).to.include({ ok: true });
    socket.disconnect();
    expect(asked).to.not.include("GET text/event-stream");
  });

  it("says in one sentence that there is no WebSocket", () => {
    const context = bareContext({ WebSocket: undefined });
    const bare = load(context, join(CLIENTS, "index.js")) as typeof plain;
    expect(() => bare.io("http://localhost")).to.throw("there is no global WebSocket");
  });
});
