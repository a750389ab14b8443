/** Answers to reads that do not come through whole (docs/sdk.md, 4.13). */
import { expect } from "chai";
import { Pages, type Bounded } from "../../../clients/typescript/src/rooms/pages.js";
import type { Position, RoomMessage, RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { fakeRig, type FakeSocket, type MadeCall } from "./support/fake-socket.js";
import { messageAt } from "./support/log-server.js";

const at = (offset: number): Position => ({ epoch: "e", offset });
const page = (limit: number): object => ({ room: "r", after: at(0), limit });

/** A read under which the connection ends. */
function lose(pages: Pages, argument: object, ending: "too_large" | "cut" | "other"): boolean {
  const { reading } = pages.bound("history", argument);
  if (reading !== undefined) pages.asked(reading);
  return pages.lost(ending);
}

function answer(pages: Pages, { reading }: Bounded): void {
  if (reading === undefined) return;
  pages.asked(reading);
  pages.answered(reading);
}

describe("rooms layer: pages that do not come through", () => {
  it("become half as large with each close of 1009, down to one message, and stay so", () => {
    const pages = new Pages();
    const asked: unknown[] = [];
    for (let i = 0; i < 6; i++) {
      lose(pages, page(20), "too_large");
      asked.push((pages.bound("history", page(20)).argument as { limit: number }).limit);
    }
    expect(asked).to.deep.equal([10, 5, 2, 1, 1, 1]);
    for (let i = 0; i < 100; i++) answer(pages, pages.bound("history", { room: "r" }));
    expect(pages.bound("history", page(20)).argument).to.deep.equal(page(1));
  });

  it("become smaller with the second cut in a row, and grow again after answers", () => {
    const pages = new Pages();
    lose(pages, page(400), "cut");
    answer(pages, pages.bound("history", page(400)));
    lose(pages, page(400), "cut");
    expect(pages.bound("history", page(400)).argument).to.deep.equal(page(400));
    lose(pages, page(400), "cut");
    expect(pages.bound("history", page(400)).argument).to.deep.equal(page(200));
    for (let i = 0; i < 20; i++) answer(pages, pages.bound("history", page(1)));
    expect(pages.bound("history", page(400)).argument).to.deep.equal(page(400));
  });

  it("are none of it where the connection ended otherwise, or nothing was read", () => {
    const pages = new Pages();
    expect([lose(pages, page(9), "other"), pages.lost("too_large")]).to.deep.equal([false, false]);
    expect(pages.bound("history", page(9)).argument).to.deep.equal(page(9));
  });

  it("are not asked for with a join any more", () => {
    const pages = new Pages();
    const join = { room: "r", since: at(1), history: 5 };
    expect(pages.bound("join", join).argument).to.equal(join);
    lose(pages, page(500), "too_large");
    expect(pages.bound("join", join)).to.deep.equal({ argument: { room: "r" } });
  });
});

/** A server of a room with so many messages, behind something that takes `most` messages in an answer, and never that of `never`. */
class Narrow {
  joins = 0;

  constructor(
    readonly socket: FakeSocket,
    readonly last: number,
    readonly most: number,
    readonly never: number,
  ) {}

  /** Answers the calls that there are; where an answer is too large the connection is closed. */
  serve(): void {
    for (let call = this.socket.calls.shift(); call !== undefined; call = this.socket.calls.shift()) {
      const messages = this.#messagesFor(call);
      const isTooLarge = messages.length > this.most || messages.some(({ id }) => id === `e:${this.never}`);
      if (isTooLarge) {
        this.socket.calls.length = 0;
        this.socket.lose(1009);
        return;
      }
      const position = at(this.last);
      if (call.name === "history") {
        const more = (messages.at(-1)?.position.offset ?? this.last) < this.last;
        call.answer({ messages, more, position });
      } else {
        this.joins++;
        const { since } = call.argument as { since?: Position };
        call.answer({ position, members: [], count: 0, ...(since ? { recovered: true, messages } : {}) });
      }
    }
  }

  #messagesFor({ name, argument }: MadeCall): RoomMessage[] {
    const {
      since,
      after,
      limit = 1_000,
    } = argument as { since?: Position; after?: Position; limit?: number };
    const from = name === "join" ? since : after;
    if (from === undefined) return [];
    const count = Math.min(this.last - from.offset, limit);
    return Array.from({ length: count }, (_, i) => messageAt(at(from.offset + 1 + i)));
  }
}

function recover(narrow: (socket: FakeSocket) => Narrow): {
  got: number[];
  told: [number, boolean][];
  joining: Promise<unknown>;
  joins: number;
} {
  const { socket, rooms, clock } = fakeRig();
  const server = narrow(socket);
  const room = rooms.room("r");
  const got: number[] = [];
  const told: [number, boolean][] = [];
  room.on("message", ({ position }) => got.push(position.offset));
  room.on("joined", ({ position, recovered }) => told.push([position.offset, recovered]));
  const joining = room.join({ since: at(0) }).catch((error: unknown) => (error as RoomsErrorLike).code);
  for (let i = 0; i < 30; i++) {
    if (!socket.connected) socket.welcome();
    server.serve();
    clock.advance(20_000);
  }
  return { got, told, joining, joins: server.joins };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

describe("rooms layer: a join whose answer does not come through", () => {
  it("recovers page by page, in pages that do", async () => {
    const { got, told, joining, joins } = recover((socket) => new Narrow(socket, 20, 6, 0));
    expect([got, told]).to.deep.equal([upTo(20), [[20, true]]]);
    expect(await joining).to.deep.equal({ recovered: true, position: at(20) });
    expect(joins).to.be.lessThan(6);
  });

  it("declares one message lost that never comes through, and has the others", () => {
    const { got, told, joins } = recover((socket) => new Narrow(socket, 20, 6, 8));
    expect(got).to.deep.equal(upTo(20).filter((offset) => offset !== 8));
    expect(told).to.deep.equal([
      [8, false],
      [20, true],
    ]);
    expect(joins).to.be.lessThan(12);
  });

  it("declares the last one lost too", () => {
    const { got, told } = recover((socket) => new Narrow(socket, 3, 6, 3));
    expect([got, told]).to.deep.equal([[1, 2], [[3, false]]]);
  });
});
