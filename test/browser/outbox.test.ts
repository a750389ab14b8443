import { expect } from "chai";
import { Outbox, type Waiting } from "../../clients/demo/outbox.js";
import { PaneStorage } from "../../clients/demo/storage.js";
import { RoomsError } from "../../clients/typescript/src/rooms/index.js";
import { MemoryStorage } from "./memory.js";

interface Attempt {
  data: unknown;
  id: string;
  reject: (error: Error) => void;
}

describe("the demo's outbox", () => {
  let storage: PaneStorage;
  let attempts: Attempt[];

  beforeEach(() => {
    storage = new PaneStorage(new MemoryStorage(), "test.");
    attempts = [];
  });

  /** As a page has it that was just loaded. */
  const open = (): Outbox =>
    new Outbox({
      storage,
      key: "waiting",
      publish: (data, id) => new Promise((_, reject) => attempts.push({ data, id, reject })),
      onChange: () => undefined,
    });
  const texts = ({ items }: Outbox): string[] => items.map(({ text }) => text);
  /** Lets what was rejected be heard. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("keeps a message until it is seen in the room, over a reload too, under one id", () => {
    open().add({ text: "hello" });
    const again = open();
    expect(texts(again)).to.deep.equal(["hello"]);
    expect(attempts.map(({ data }) => data)).to.deep.equal(["hello", "hello"]);
    expect(attempts[1]?.id).to.equal(attempts[0]?.id);
    again.seen(attempts[0]?.id ?? "");
    expect(again.items).to.be.empty;
    expect(open().items).to.be.empty;
  });

  it("does not send again, after a reload, what may be too old to be known again", () => {
    const old: Waiting = { id: "1", text: "long ago", at: Date.now() - 5 * 60_000 };
    storage.write("waiting", [old]);
    const [item] = open().items;
    expect(attempts).to.be.empty;
    expect(item?.refusal).to.include("not known");
  });

  it("shows what was refused, with the reason, and does not try it again", async () => {
    const outbox = open();
    outbox.add({ text: "no" });
    attempts[0]?.reject(new RoomsError("forbidden", "Not here."));
    await settle();
    expect(outbox.items[0]?.refusal).to.equal("Not here.");
    expect(open().items).to.be.empty;
  });

  it("keeps what was given up only because its user signed out", async () => {
    open().add({ text: "later" });
    attempts[0]?.reject(new RoomsError("closed", "Closed."));
    await settle();
    expect(texts(open())).to.deep.equal(["later"]);
  });

  it("takes what somebody else has put into the storage for nothing", () => {
    for (const text of ["{", "[{}]", '{"length":1}', '[{"id":1,"text":"","at":0}]']) {
      storage.setItem("waiting", text);
      expect(open().items, text).to.be.empty;
    }
  });
});
