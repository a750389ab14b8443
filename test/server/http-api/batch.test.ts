import { expect } from "chai";
import type { RoomMessage } from "../../../server/index.js";
import { Api } from "./support/api.js";

describe("a batch over the HTTP API", () => {
  let api: Api;
  before(async () => {
    api = await Api.start({ limits: { messageBytes: 1_000 } });
  });
  after(() => api.close());

  const batch = (operations: unknown) => api.ask("/batch", { body: { operations } });
  const statuses = (body: Record<string, unknown>) =>
    (body["results"] as { status: number }[]).map(({ status }) => status);

  it("does its operations in their order, with a result for each: 200 where all were done", async () => {
    const { status, body } = await batch([
      { op: "publish", room: "ordered", data: 1, id: "b1" },
      { op: "publish", room: "ordered", data: 2 },
      { op: "send", user: "ben", data: 3 },
      { op: "signal", room: "ordered", data: 4 },
      { op: "publish", room: "ordered", data: 5 },
      { op: "publish", room: "ordered", data: 1, id: "b1" },
    ]);
    expect(status).to.equal(200);
    expect(statuses(body)).to.deep.equal([201, 201, 201, 204, 201, 200]);
    expect(body["results"]).to.have.nested.property("[0].answer.id", "b1");
    expect(body["results"]).to.have.nested.property("[0].answer.position.offset", 1);
    expect(body["results"]).to.have.nested.property("[5].answer.duplicate", true);
    const { body: log } = await api.ask("/rooms/ordered/messages");
    expect((log["messages"] as RoomMessage[]).map(({ data }) => data)).to.deep.equal([1, 2, 5]);
  });

  it("has one message go to many rooms, with a result of each", async () => {
    const rooms = ["c1", "c2", "c3"];
    const { status, body } = await batch([{ op: "publish", rooms, data: "all", id: "b2" }]);
    expect(status).to.equal(200);
    expect(body["results"]).to.have.nested.property("[0].status", 201);
    expect(body["results"]).to.have.nested.property("[0].results").with.length(3);
    for (const room of rooms) {
      expect((await api.ask(`/rooms/${room}/messages`)).body).to.have.nested.property("messages[0].id", "b2");
    }
    const again = await batch([{ op: "publish", rooms: [...rooms, "c4"], data: "all", id: "b2" }]);
    expect(again.body["results"]).to.have.nested.property("[0].status", 201);
    const last = await batch([{ op: "publish", rooms, data: "all", id: "b2" }]);
    expect(last.body["results"]).to.have.nested.property("[0].status", 200);
  });

  it("answers 207 where some were refused, which stops no other", async () => {
    const { status, body } = await batch([
      { op: "publish", room: "some", data: "x".repeat(2_000) },
      { op: "publish", room: "some", data: 1 },
      { op: "send", user: "ben", data: "x".repeat(2_000) },
      { op: "signal", room: "some", data: "x".repeat(2_000) },
    ]);
    expect(status).to.equal(207);
    expect(statuses(body)).to.deep.equal([413, 201, 413, 413]);
    expect(body["results"]).to.have.nested.property("[0].problem.code", "message_too_large");
  });

  it("takes up to 1,000 operations, a broadcast counted for each of its rooms", async () => {
    const some = (length: number) => Array.from({ length }, () => ({ op: "signal", room: "r", data: 1 }));
    const rooms = (length: number) => Array.from({ length }, (_, at) => `many-${at}`);
    expect((await batch(some(1_000))).status).to.equal(200);
    expect((await batch(some(1_001))).status).to.equal(400);
    expect((await batch([{ op: "publish", rooms: rooms(1_000), data: 1 }])).status).to.equal(200);
    const over = await batch([{ op: "publish", rooms: rooms(999), data: 1 }, ...some(2)]);
    expect(over.status).to.equal(400);
    expect(over.body["detail"]).to.match(/counted for each room/);
  });

  const wrong: [string, unknown, field: string][] = [
    ["none", [], "body.operations"],
    ["what is no list", { op: "publish" }, "body.operations"],
    ["an operation that there is not", [{ op: "kick" }], "body.operations.0.op"],
    ["what is no operation", [1], "body.operations.0"],
    ["one without its room", [{ op: "publish", data: 1 }], "body.operations.0.room"],
    ["one with a wrong room", [{ op: "signal", room: "", data: 1 }], "body.operations.0.room"],
    [
      "one with a room and rooms",
      [{ op: "publish", room: "a", rooms: ["b"], data: 1 }],
      "body.operations.0.room",
    ],
    ["a field that is not known", [{ op: "send", user: "a", data: 1, to: "b" }], "body.operations.0.to"],
    [
      "a second that is wrong",
      [{ op: "signal", room: "a", data: 1 }, { op: "send" }],
      "body.operations.1.user",
    ],
  ];
  for (const [what, operations, field] of wrong) {
    it(`refuses ${what}, names the field, and does nothing`, async () => {
      const { status, body } = await batch(operations);
      expect(status).to.equal(400);
      expect(body["errors"]).to.have.nested.property("[0].field", field);
    });
  }
});
