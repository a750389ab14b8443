import { expect } from "chai";
import { createMemoryStore, storeOptions, StoreError, type Store } from "../../../server/index.js";
import { Api } from "./support/api.js";

/** A store whose log cannot do one thing. */
function failingStore(what: "append" | "state"): Store {
  const store = createMemoryStore(storeOptions());
  const log = Object.create(store.log) as typeof store.log;
  for (const name of ["append", "state", "list"] as const) {
    Object.assign(log, {
      [name]:
        name === what
          ? () => Promise.reject(new StoreError("full", "the disk is full"))
          : store.log[name].bind(store.log),
    });
  }
  return { ...store, log };
}

describe("the HTTP API of a server in trouble", () => {
  it("answers 503 with Retry-After where nothing can be kept, and is ready for what is read", async () => {
    const api = await Api.start({ store: failingStore("append") });
    for (const path of ["/rooms/r/messages", "/users/ada/inbox"]) {
      const refused = await api.ask(path, { body: { data: 1 } });
      expect(refused.status).to.equal(503);
      expect(refused.body).to.include({ code: "unavailable", retryable: true });
      expect(Number(refused.headers.get("retry-after"))).to.be.at.least(1);
    }
    const { status, body } = await api.ask("/batch", {
      body: { operations: [{ op: "publish", room: "r", data: 1 }] },
    });
    expect(status).to.equal(207);
    expect(body["results"]).to.have.nested.property("[0].problem.code", "unavailable");
    expect(await api.refusal("/readyz")).to.equal("200");
    await api.close();
  });

  it("is not ready while its store cannot be read, and lives", async () => {
    const api = await Api.start({ store: failingStore("state") });
    expect(await api.refusal("/readyz", { key: null })).to.equal("503 unavailable");
    expect(await api.refusal("/livez", { key: null })).to.equal("200");
    await api.close();
  });

  it("is refused where an inbox is full", async () => {
    const api = await Api.start({ limits: { inboxItems: 1 } });
    expect(await api.refusal("/users/ada/inbox", { body: { data: 1 } })).to.equal("201");
    const full = await api.ask("/users/ada/inbox", { body: { data: 1 } });
    expect(full.status).to.equal(409);
    expect(full.body).to.include({ code: "inbox_full", retryable: true });
    await api.close();
  });

  it("answers 500 for its own faults, says nothing of them to the caller, and all to the log", async () => {
    const store = createMemoryStore(storeOptions());
    const log = Object.assign(Object.create(store.log) as typeof store.log, {
      state: () => Promise.reject(new Error("what nobody should see")),
    });
    const api = await Api.start({ store: { ...store, log } });
    const failed = await api.ask("/rooms/r");
    expect(failed.status).to.equal(500);
    expect(failed.body).to.include({ code: "internal" });
    expect(JSON.stringify(failed.body)).not.to.include("what nobody");
    expect(api.lines.some(({ fields }) => String(fields["err"]).includes("what nobody"))).to.equal(true);
    await api.close();
  });
});
