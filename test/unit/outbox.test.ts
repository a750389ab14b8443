import { expect } from "chai";
import { Duplex } from "node:stream";
import { textFrame, type Frame } from "../../bridge/fanout/frame.js";
import { Outbox, QueueGroup, type QueueOwner } from "../../bridge/fanout/outbox.js";
import { WriteQueue } from "../../bridge/fanout/write-queue.js";

/** A socket whose kernel takes a write only when the test says so. */
class FakeSocket extends Duplex {
  readonly #slow: boolean;
  /** Each write that reached the kernel: its chunks. */
  readonly writes: Buffer[][] = [];
  #accept: (() => void) | undefined;

  constructor(slow = false) {
    super();
    this.#slow = slow;
  }

  override _read(): void {
    // Nothing ever comes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#finish([chunk], done);
  }

  override _writev(items: { chunk: Buffer }[], done: () => void): void {
    this.#finish(
      items.map(({ chunk }) => chunk),
      done,
    );
  }

  /** The kernel takes the write that is under way. */
  drain(): void {
    const accept = this.#accept;
    this.#accept = undefined;
    accept?.();
  }

  get text(): string {
    return this.writes.flat().join("");
  }

  #finish(chunks: Buffer[], done: () => void): void {
    this.writes.push(chunks);
    if (this.#slow) this.#accept = done;
    else done();
  }
}

/** Notes what the queue tells. */
class Owner implements QueueOwner {
  readonly told: string[] = [];
  mayFlush = true;
  onFlushed: (() => void) | undefined;

  onFlush(idle: boolean): boolean {
    this.told.push(idle ? "flush" : "flush behind a write");
    const act = this.onFlushed;
    this.onFlushed = undefined;
    act?.();
    return this.mayFlush;
  }

  onDrained(): void {
    this.told.push("drained");
  }

  onOverflow(): void {
    this.told.push("overflow");
  }
}

interface Line {
  queue: WriteQueue;
  socket: FakeSocket;
  owner: Owner;
}

function line(outbox: Outbox, slow = false, maxBuffered = 1_000): Line {
  const socket = new FakeSocket(slow);
  const owner = new Owner();
  return { queue: new WriteQueue(outbox, socket, owner, maxBuffered), socket, owner };
}

function frame(text: string): Frame {
  return [Buffer.from(text)];
}

/** The end of this turn of the event loop, and of what follows from it. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

describe("the outbox", () => {
  it("writes all that is sent within a turn at once, in order, when the turn ends", async () => {
    const { queue, socket, owner } = line(new Outbox());
    for (const text of ["a", "b", "c"]) queue.append(frame(text));
    expect(socket.writes).to.be.empty;
    expect(queue.bufferedAmount).to.equal(3);
    await turn();
    expect(socket.writes.map((write) => write.join("|"))).to.deep.equal(["abc"]);
    expect(owner.told).to.deep.equal(["flush", "drained"]);
    expect(queue.bufferedAmount).to.equal(0);
  });

  it("gives sockets that were sent the same frames one buffer, and others their own", async () => {
    const outbox = new Outbox();
    const [one, two, other] = [line(outbox), line(outbox), line(outbox)];
    const [a, b] = [frame("a"), frame("b")];
    for (const each of [a, b]) for (const { queue } of [one, two]) queue.append(each);
    for (const each of [b, a]) other.queue.append(each);
    await turn();
    expect(one.socket.writes[0]?.[0]).to.equal(two.socket.writes[0]?.[0]);
    expect([one, two, other].map(({ socket }) => socket.text)).to.deep.equal(["ab", "ab", "ba"]);
  });

  it("has one write under way at a time: what comes meanwhile follows in one write", async () => {
    const { queue, socket, owner } = line(new Outbox(), true);
    for (const text of ["a", "b", "c"]) {
      queue.append(frame(text));
      await turn();
    }
    expect(socket.writes.length).to.equal(1);
    expect(queue.bufferedAmount).to.equal(3);
    socket.drain();
    await turn();
    expect(socket.text).to.equal("abc");
    expect(socket.writes.length).to.be.at.most(3);
    while (socket.writableLength > 0) {
      socket.drain();
      await turn();
    }
    expect(owner.told.at(-1)).to.equal("drained");
    expect(owner.told.filter((word) => word === "drained").length).to.equal(1);
    expect(queue.bufferedAmount).to.equal(0);
  });

  it("drops what waits, and says so, when more than its limit waits behind a write", async () => {
    const { queue, socket, owner } = line(new Outbox(), true, 10);
    for (const text of ["under way", "12345", "67890"]) {
      queue.append(frame(text));
      await turn();
    }
    expect(owner.told).not.to.include("overflow");
    queue.append(frame("!"));
    await turn();
    expect(owner.told.filter((word) => word === "overflow").length).to.equal(1);
    socket.drain();
    await turn();
    expect(socket.text).to.equal("under way");
  });

  it("one reader that overflows takes nothing from another", async () => {
    const outbox = new Outbox();
    const [slow, fast] = [line(outbox, true, 1), line(outbox)];
    for (const text of ["a", "bc", "d"]) {
      const shared = frame(text);
      for (const { queue } of [slow, fast]) queue.append(shared);
      await turn();
    }
    expect(fast.socket.text).to.equal("abcd");
    expect(slow.owner.told).to.include("overflow");
    expect(fast.owner.told).not.to.include("overflow");
  });

  it("hands big turns over chunk by chunk, in one go", async () => {
    const { queue, socket } = line(new Outbox());
    const big = Buffer.alloc(50_000, "x");
    queue.append([big]);
    queue.append([big, Buffer.from("end")]);
    await turn();
    expect(socket.writes.map((write) => write.map(({ length }) => length))).to.deep.equal([
      [50_000, 50_000, 3],
    ]);
    expect(socket.writes[0]?.[0], "not copied").to.equal(big);
  });

  it("flushAll puts everything before what is written to the socket next", async () => {
    const { queue, socket } = line(new Outbox(), true);
    for (const text of ["a", "b"]) {
      queue.append(frame(text));
      await turn();
    }
    queue.append(frame("c"));
    queue.flushAll();
    socket.write("close");
    while (socket.writableLength > 0) {
      socket.drain();
      await turn();
    }
    expect(socket.text).to.equal("abcclose");
  });

  it("is done when its own writes are, though others' wait in the socket", async () => {
    const { queue, socket, owner } = line(new Outbox(), true);
    queue.append(frame("a"));
    await turn();
    socket.write("pong");
    socket.drain();
    await turn();
    expect(owner.told).to.include("drained");
    queue.append(frame("b"));
    while (socket.text !== "apongb") {
      await turn();
      socket.drain();
    }
  });

  it("writes nothing that its owner forbids, nor to a socket that has ended", async () => {
    const forbidden = line(new Outbox());
    forbidden.owner.mayFlush = false;
    const ended = line(new Outbox());
    ended.socket.end();
    for (const { queue } of [forbidden, ended]) queue.append(frame("a"));
    await turn();
    for (const { socket, queue } of [forbidden, ended]) {
      expect(socket.writes).to.be.empty;
      expect(queue.bufferedAmount).to.equal(0);
    }
  });

  it("what the owner appends while a turn is flushed leaves with it", async () => {
    const { queue, socket, owner } = line(new Outbox());
    owner.onFlushed = () => queue.append(frame("b"));
    queue.append(frame("a"));
    await turn();
    expect(socket.writes.map((write) => write.join(""))).to.deep.equal(["ab"]);
  });
});

describe("a group of queues", () => {
  it("moves all its queues by one append, and shares one buffer", async () => {
    const outbox = new Outbox();
    const lines = [line(outbox), line(outbox)];
    const group = new QueueGroup(outbox);
    expect(group.form()).to.be.true;
    expect(lines.map(({ queue }) => queue.enter(group))).to.deep.equal([true, true]);
    for (const text of ["a", "b"]) group.append(frame(text));
    expect(lines[0]?.queue.bufferedAmount).to.equal(2);
    await turn();
    expect(lines.map(({ socket }) => socket.text)).to.deep.equal(["ab", "ab"]);
    expect(lines[0]?.socket.writes[0]?.[0]).to.equal(lines[1]?.socket.writes[0]?.[0]);
  });

  it("is broken when one queue goes its own way, and cannot be formed again while others stand in it", async () => {
    const outbox = new Outbox();
    const [one, two] = [line(outbox), line(outbox)];
    const group = new QueueGroup(outbox);
    group.form();
    for (const { queue } of [one, two]) queue.enter(group);
    group.append(frame("a"));
    one.queue.append(frame("alone"));
    expect(group.intact).to.be.false;
    expect(group.form()).to.be.false;
    await turn();
    expect([one.socket.text, two.socket.text]).to.deep.equal(["aalone", "a"]);
    expect(group.form()).to.be.true;
  });

  it("is not entered by a queue that was sent something in this turn", () => {
    const outbox = new Outbox();
    const { queue } = line(outbox);
    const group = new QueueGroup(outbox);
    queue.append(frame("a"));
    group.form();
    expect(queue.enter(group)).to.be.false;
  });
});

describe("a text frame", () => {
  for (const [length, header] of [
    [0, "8100"],
    [125, "817d"],
    [126, "817e007e"],
    [65_535, "817effff"],
    [65_536, "817f0000000000010000"],
  ] as const) {
    it(`of ${length} bytes begins with ${header} (RFC 6455, 5.2)`, () => {
      const bytes = Buffer.concat(textFrame("x".repeat(length)));
      expect(bytes.toString("hex", 0, header.length / 2)).to.equal(header);
      expect(bytes.toString("utf8", header.length / 2)).to.equal("x".repeat(length));
    });
  }

  it("counts bytes and not characters", () => {
    const bytes = Buffer.concat(textFrame("€".repeat(50)));
    expect(bytes.toString("hex", 0, 4)).to.equal("817e0096");
    expect(bytes.length).to.equal(154);
  });
});
