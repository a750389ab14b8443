import { expect } from "chai";
import type { InboxItem } from "../../../clients/typescript/src/rooms/index.js";
import { InboxItems } from "../../../clients/typescript/src/rooms/inbox-items.js";
import { Stream } from "../../../clients/typescript/src/rooms/stream.js";

const DONE = { done: true, value: undefined };
const value = <T>(value: T): IteratorResult<T> => ({ done: false, value });
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as Error).message,
  );

describe("rooms layer: a stream", () => {
  it("gives what was pushed, in order, to readers who wait and to readers who come later", async () => {
    const stream = new Stream<number>(10, () => undefined);
    const early = [stream.next(), stream.next()];
    for (const n of [1, 2, 3]) stream.push(n);
    expect(await Promise.all([...early, stream.next()])).to.deep.equal([1, 2, 3].map(value));
  });

  it("ends after what was pushed before, for all readers", async () => {
    const stream = new Stream<number>(10, () => undefined);
    stream.push(1);
    stream.end();
    stream.push(2);
    expect([await stream.next(), await stream.next(), await stream.next()]).to.deep.equal([
      value(1),
      DONE,
      DONE,
    ]);
  });

  it("fails once if it ends with an error", async () => {
    const stream = new Stream<number>(10, () => undefined);
    const waiting = failure(stream.next());
    stream.end(new Error("over"));
    expect([await waiting, await stream.next()]).to.deep.equal(["over", DONE]);
  });

  it("keeps nothing for a reader who is done, and says that it is over once", async () => {
    let ends = 0;
    const stream = new Stream<number>(10, () => ends++);
    for (const n of [1, 2]) stream.push(n);
    for await (const n of stream) {
      expect(n).to.equal(1);
      break;
    }
    stream.end(new Error("over"));
    expect([await stream.next(), ends]).to.deep.equal([DONE, 1]);
  });
});

describe("rooms layer: the inbox as an iterator", () => {
  const item = (offset: number): InboxItem => ({
    ...{ type: "receipt", id: `${offset}`, from: { user: "ada" }, at: 0 },
    position: { epoch: "e", offset },
  });

  let give: ((item: InboxItem) => Promise<void>) | undefined;
  let stops: number;
  let items: InboxItems;

  beforeEach(() => {
    give = undefined;
    stops = 0;
    items = new InboxItems(
      (processor) => {
        give = processor;
        return Promise.resolve();
      },
      () => stops++,
    );
  });

  it("begins with the first reader, not before", () => {
    expect(give).to.equal(undefined);
    void items.next();
    expect(give).not.to.equal(undefined);
  });

  it("has an item processed when the next one is asked for", async () => {
    const first = items.next();
    let processed = false;
    const processing = give?.(item(1)).then(() => (processed = true));
    expect(await first).to.deep.equal(value(item(1)));
    expect(processed).to.equal(false);
    void items.next();
    await processing;
    expect(processed).to.equal(true);
  });

  it("keeps an item for a reader who comes late", async () => {
    const first = items.next();
    const processing = give?.(item(1));
    await first;
    const second = items.next();
    await processing;
    void give?.(item(2));
    expect(await second).to.deep.equal(value(item(2)));
  });

  it("is over for a reader who is done, and what they had last is not processed", async () => {
    const first = items.next();
    let processed = false;
    void give?.(item(1)).then(() => (processed = true));
    await first;
    expect(await items.return()).to.deep.equal(DONE);
    expect([await items.next(), processed, stops]).to.deep.equal([DONE, false, 1]);
  });

  it("has nothing to stop if nobody ever read", async () => {
    await items.return();
    expect([await items.next(), give, stops]).to.deep.equal([DONE, undefined, 0]);
  });

  it("fails once where it cannot begin, and has nothing to stop then", async () => {
    const busy = new InboxItems(
      () => Promise.reject(new Error("in use")),
      () => stops++,
    );
    expect([await failure(busy.next()), await busy.next(), stops]).to.deep.equal(["in use", DONE, 0]);
  });

  it("ends waiting readers, with an error if there is one", async () => {
    const waiting = failure(items.next());
    items.end(new Error("over"));
    expect([await waiting, await items.next(), stops]).to.deep.equal(["over", DONE, 1]);
  });
});
