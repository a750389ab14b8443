import { expect } from "chai";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, Socket } from "node:net";
import { text } from "node:stream/consumers";
import type * as DirectWrite from "../../bridge/fanout/direct-write.js";
import type { Handle } from "../../bridge/fanout/direct-write.js";

/** Like libuv's requests: one write at a time, and an id while there is one. */
class Request {
  oncomplete?: (status: number) => void;
  buffer?: Buffer;
  writeStatus?: number | null;
  isAttached = false;

  getAsyncId(): number {
    return this.isAttached ? 7 : -1;
  }

  attach(): this {
    if (this.isAttached) throw new Error("the process is aborted");
    this.isAttached = true;
    return this;
  }

  complete(status = 0): void {
    this.isAttached = false;
    this.oncomplete?.(status);
  }
}

/** A handle like those of a release of Node, as far as its `writeBuffer` goes. */
type Release = (request: Request | null, bytes: Buffer) => unknown;

const BYTES = Buffer.from("bytes");
let copies = 0;

/** What Node has learnt of its release is kept in the module: each test has one of its own. */
function freshModule(): Promise<typeof DirectWrite> {
  const url = new URL(`../../bridge/fanout/direct-write.js?copy=${copies++}`, import.meta.url);
  return import(url.href) as Promise<typeof DirectWrite>;
}

/** Sockets of a release, and the module after it has seen the stream write with `request`. */
class Rig {
  readonly #module: typeof DirectWrite;
  readonly #release: Release;
  readonly told: string[] = [];
  readonly socket = new Socket();
  readonly handle: Handle;

  private constructor(module: typeof DirectWrite, release: Release) {
    this.#module = module;
    this.#release = release;
    this.handle = this.newHandle();
  }

  static async of(release: Release, request: Request | null): Promise<Rig> {
    const rig = new Rig(await freshModule(), release);
    expect(rig.write(), "before anything was learnt").to.equal("unavailable");
    rig.handle.writeBuffer(request, BYTES);
    return rig;
  }

  newHandle(): Handle {
    // `writeBuffer` is the prototype's, as it is Node's.
    return Object.create({ writeBuffer: this.#release }) as Handle;
  }

  write(handle = this.handle): string {
    const completion = { onWritten: () => void this.told.push("written") };
    return this.#module.writeDirectly(handle, this.socket, BYTES, completion);
  }
}

describe("a write past the stream, where Node is handed requests", () => {
  it("uses a request again only while no write is attached to it, whatever waits on the handle", async () => {
    const requests: (Request | null)[] = [];
    const rig = await Rig.of((request) => {
      requests.push(request);
      if (requests.length === 3) request?.attach();
      return 0;
    }, new Request());
    expect([rig.write(), rig.write()]).to.deep.equal(["written", "pending"]);
    expect([rig.write(), rig.write(rig.newHandle())]).to.deep.equal(["written", "written"]);
    const [, first, second, third, fourth] = requests;
    expect(second).to.equal(first);
    expect(third).not.to.equal(first);
    expect(fourth).to.equal(third);
    expect(rig.told).to.be.empty;
    second?.complete();
    expect(rig.told).to.deep.equal(["written"]);
  });

  it("destroys the socket after an error, at once or later", async () => {
    for (const isLate of [false, true]) {
      let last: Request | null = null;
      let writes = 0;
      const rig = await Rig.of((request) => {
        if (writes++ === 0) return 0;
        last = isLate ? (request?.attach() ?? null) : null;
        return isLate ? 0 : -104;
      }, new Request());
      expect(rig.write()).to.equal("pending");
      (last as Request | null)?.complete(-104);
      expect(rig.socket.destroyed).to.be.true;
      expect(rig.told).to.be.empty;
    }
  });
});

describe("a write past the stream, where Node makes the requests", () => {
  it("is written when it returns 0, and pending while it returns a request", async () => {
    const returned: unknown[] = [0, 0, new Request().attach()];
    const made = returned[2] as Request;
    const rig = await Rig.of((request) => {
      expect(request).to.be.null;
      return returned.shift();
    }, null);
    expect([rig.write(), rig.write()]).to.deep.equal(["written", "pending"]);
    expect(made.buffer).to.equal(BYTES);
    made.complete();
    expect(rig.told).to.deep.equal(["written"]);
    expect(rig.socket.destroyed).to.be.false;
  });

  it("learns nothing from a write of the stream that did not complete at once", async () => {
    const returned: unknown[] = [new Request().attach(), 0, 0];
    const rig = await Rig.of(() => returned.shift(), null);
    expect(rig.write()).to.equal("unavailable");
    rig.handle.writeBuffer(null, BYTES);
    expect(rig.write()).to.equal("written");
  });

  it("is written where the request was completed before anybody could be told", async () => {
    let writes = 0;
    const completed = Object.assign(new Request(), { writeStatus: 0 });
    const rig = await Rig.of(() => (writes++ === 0 ? 0 : completed), null);
    expect(rig.write()).to.equal("written");
    expect(rig.told).to.be.empty;
  });

  for (const [title, outcome] of [
    ["an error", () => -104],
    ["a request that no write is attached to", () => new Request()],
    ["a request that has failed already", () => Object.assign(new Request(), { writeStatus: -104 })],
  ] as const) {
    it(`destroys the socket after ${title}`, async () => {
      let writes = 0;
      const rig = await Rig.of(() => (writes++ === 0 ? 0 : outcome()), null);
      expect(rig.write()).to.equal("pending");
      expect(rig.socket.destroyed).to.be.true;
    });
  }
});

describe("a write past the stream, where Node's insides are not known", () => {
  for (const [title, release, request] of [
    ["a request of no known kind", () => 0, {}],
    ["no request", () => 0, undefined],
    ["an outcome that is not 0", () => 5, null],
    ["an outcome that is no number", () => undefined, null],
  ] as const) {
    it(`is left to the stream: ${title}`, async () => {
      const rig = await Rig.of(release, request as never);
      expect([rig.write(), rig.write(rig.newHandle())]).to.deep.equal(["unavailable", "unavailable"]);
      expect(rig.socket.destroyed).to.be.false;
    });
  }

  it("is left to the stream: one more argument", async () => {
    const rig = await Rig.of(() => 0, null);
    const other = await freshModule();
    const handle = rig.newHandle();
    const write = () => other.writeDirectly(handle, rig.socket, BYTES, { onWritten: () => undefined });
    write();
    Reflect.apply(handle.writeBuffer.bind(handle), undefined, [null, BYTES, {}]);
    expect(write()).to.equal("unavailable");
  });

  it("is left to the stream once it has thrown, or a request cannot be made", async () => {
    let writes = 0;
    const thrower = () => {
      if (writes++ > 0) throw new TypeError("not like this");
      return 0;
    };
    for (const request of [null, new Request()]) {
      writes = 0;
      const rig = await Rig.of(thrower, request);
      expect([rig.write(), rig.write()]).to.deep.equal(["unavailable", "unavailable"]);
      expect(rig.socket.destroyed).to.be.false;
      expect(writes).to.equal(2);
    }
    class Secret extends Request {
      constructor(key?: string) {
        super();
        if (key === undefined) throw new TypeError("Illegal constructor");
      }
    }
    expect((await Rig.of(() => 0, new Secret("key"))).write()).to.equal("unavailable");
  });

  it("ends a connection of which nobody knows what was written, and no other", async () => {
    let writes = 0;
    const rig = await Rig.of(() => (writes++ === 0 ? 0 : "done"), null);
    expect(rig.write()).to.equal("pending");
    expect(rig.socket.destroyed).to.be.true;
    expect(rig.write(rig.newHandle())).to.equal("unavailable");
  });
});

describe("a write past the stream, on the release of Node that runs this", () => {
  it("is made as soon as the stream was seen writing", async () => {
    const { handleOf, writeDirectly } = await freshModule();
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const accepted = once(server, "connection");
    const reader = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const [socket] = (await accepted) as [Socket];
    try {
      const write = (letter: string): string => {
        const handle = handleOf(socket);
        if (handle === undefined) return "no handle";
        return writeDirectly(handle, socket, Buffer.from(letter), { onWritten: () => undefined });
      };
      expect(write("-"), "before anything was learnt").to.equal("unavailable");
      socket.write(Buffer.from("a"));
      expect([write("b"), write("c")]).to.deep.equal(["written", "written"]);
      socket.end();
      expect(await text(reader)).to.equal("abc");
    } finally {
      for (const end of [reader, socket]) end.destroy();
      server.close();
    }
  });
});
