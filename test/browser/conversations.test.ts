import { expect } from "chai";
import { Conversations } from "../../clients/demo/conversations.js";
import { PaneStorage } from "../../clients/demo/storage.js";
import {
  type InboxMessage,
  type InboxReceipt,
  RoomsError,
} from "../../clients/typescript/src/rooms/index.js";
import { MemoryStorage } from "./memory.js";

const message = (id: string, data: unknown = id): InboxMessage => ({
  type: "message",
  id,
  position: { epoch: "e", offset: 1 },
  from: { user: "ada", name: "Ada", sid: "s", transport: "bridge" },
  data,
  at: 1,
});
const receipt = (id: string): InboxReceipt => ({
  type: "receipt",
  id,
  position: { epoch: "e", offset: 1 },
  from: { user: "ada" },
  at: 1,
});

describe("the demo's conversations", () => {
  let memory: MemoryStorage;
  let ids: string[];
  let outcome: Promise<{ at: number }>;

  beforeEach(() => {
    memory = new MemoryStorage();
    ids = [];
    outcome = Promise.resolve({ at: 7 });
  });

  /** As a page has them that was just loaded. */
  const open = (): Conversations =>
    new Conversations({
      storage: new PaneStorage(memory, "test."),
      send(_to, _text, id) {
        ids.push(id);
        return outcome;
      },
      onChange: () => undefined,
    });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("are kept over a reload, with what is unread", () => {
    const before = open();
    before.receive(message("1"));
    before.receive(message("2", { any: "value" }));
    const after = open();
    expect(after.all).to.deep.equal(before.all);
    expect(after.unread).to.equal(2);
    after.watch("ada");
    expect(open().unread).to.equal(0);
  });

  it("have an item once, though it comes again as it could not be kept", () => {
    const conversations = open();
    memory.isFull = true;
    expect(() => conversations.receive(message("1"))).to.throw(DOMException);
    memory.isFull = false;
    conversations.receive(message("1"));
    expect(conversations.with("ada").messages).to.have.length(1);
    expect(open().with("ada").messages).to.have.length(1);
  });

  it("show how far a message has come, though the receipt is before the ack", async () => {
    const conversations = open();
    conversations.send("ada", { text: "first" });
    conversations.send("ada", { text: "second" });
    conversations.receive(receipt(ids[1] ?? ""));
    await settle();
    expect(conversations.with("ada").messages.map(({ delivery }) => delivery)).to.deep.equal([
      "sent",
      "delivered",
    ]);
    conversations.receive(receipt(ids[0] ?? ""));
    expect(open().with("ada").messages[0]?.delivery).to.equal("delivered");
  });

  it("send again after a reload what waited, under the same id", () => {
    outcome = new Promise(() => undefined);
    open().send("ada", { text: "hello" });
    open();
    expect(ids).to.have.length(2);
    expect(ids[1]).to.equal(ids[0]);
  });

  it("say why a message was refused", async () => {
    outcome = Promise.reject(new RoomsError("inbox_full", "Their inbox is full."));
    const conversations = open();
    conversations.send("ada", { text: "hello" });
    await settle();
    expect(conversations.with("ada").messages[0]).to.include({
      delivery: "refused",
      refusal: "Their inbox is full.",
    });
  });
});
