import { expect } from "chai";
import { RoomsError, type Before, type RoomMessage, type RoomsServerOptions } from "../../../server/index.js";
import { call, World } from "../../guarantees/world.js";
import { PROTOCOLS, type Protocol } from "../support/clients.js";

interface Refused {
  ok: false;
  error: { code: string; message: string; retryAfter?: number };
}

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`an application's hooks before what clients do over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    const start = async (before: Before, options: RoomsServerOptions = {}): Promise<void> => {
      world = await new World({ ...options, before }).start();
    };
    afterEach(() => world.stop());

    it("are told who asks, with the claims of the token, and for what", async () => {
      const asked: unknown[] = [];
      const record =
        (name: string) =>
        (client: object, what?: object): void =>
          void asked.push([name, { ...client }, what]);
      await start({
        ...{ connect: record("connect"), join: record("join") },
        ...{ publish: record("publish"), send: record("send") },
      });
      const token = await world.token("ada", { claims: { role: "cook" } });
      const { client } = await world.join(protocol, "r", { token, device: "phone" });
      await call(client, "publish", { room: "r", data: 1, id: "a" });
      await call(client, "send", { to: "ben", data: 2 });
      expect(asked.map((one) => (one as unknown[])[0])).to.deep.equal(["connect", "join", "publish", "send"]);
      for (const [, who] of asked as [string, { claims: object }][]) {
        expect(who).to.deep.include({
          ...{ user: "ada", name: "ada", guest: false, sid: client.self?.sid },
          ...{ address: "127.0.0.1", transport: protocol, device: "phone" },
        });
        expect(who.claims).to.deep.include({ role: "cook" });
      }
      expect(asked.map((one) => (one as unknown[])[2])).to.deep.equal([
        undefined,
        { room: "r" },
        { room: "r", data: 1, id: "a" },
        { to: "ben", data: 2 },
      ]);
    });

    it("refuse with an error of the table, of which the client is told, and nothing is done", async () => {
      const refuse = (what: string) => () => {
        throw new RoomsError("forbidden", `no ${what} here`, { retryAfter: 5_000 });
      };
      await start({
        publish: refuse("publish"),
        send: refuse("send"),
        join: (_, { room }) => (room === "r" ? undefined : refuse("join")()),
      });
      const { client } = await world.join(protocol, "r");
      const calls: [string, object][] = [
        ["publish", { room: "r", data: 1 }],
        ["send", { to: "ben", data: 1 }],
        ["join", { room: "other" }],
      ];
      for (const [name, argument] of calls) {
        const { ok, error } = (await client.ask(name, argument)) as Refused;
        expect({ ok, ...error }).to.deep.include({
          ...{ ok: false, code: "forbidden", message: `no ${name} here`, retryAfter: 5_000 },
        });
      }
      expect((await world.running.history("r")).messages).to.deep.equal([]);
      expect((await world.running.inbox("ben")).position.offset).to.equal(0);
      expect((await world.running.members("other")).count).to.equal(0);
    });

    it("refuse a client that connects, after the token was taken", async () => {
      const seen: string[] = [];
      await start({
        async connect({ user, guest }) {
          await Promise.resolve();
          seen.push(user);
          if (guest) throw new RoomsError("unauthorized", "guests come at night");
        },
      });
      const guest = PROTOCOLS[protocol].open(world.url);
      guest.send({ type: "connect", auth: {} });
      const refused = await guest.frames.next("the refusal");
      expect(refused).to.deep.include({ type: "connect_error", message: "guests come at night" });
      guest.close();
      const bad = PROTOCOLS[protocol].open(world.url);
      bad.send({ type: "connect", auth: { token: "bad" } });
      expect(await bad.frames.next("the refusal")).to.include({ type: "connect_error" });
      bad.close();
      await world.enter(protocol, { token: await world.token("ada") });
      expect(seen).to.have.length(2).and.to.include("ada");
    });

    it("put other data in the place of the client's", async () => {
      await start({
        publish: async (_, { data }) => {
          await Promise.resolve();
          return { data: String(data).replace("darn", "****") };
        },
        send: (_, { data }) => (data === "keep" ? undefined : { data: { was: data } }),
      });
      const { client } = await world.join(protocol, "r");
      await call(client, "publish", { room: "r", data: "darn it" });
      expect(((await client.nextEvent("message")) as RoomMessage).data).to.equal("**** it");
      const ben = await world.enter(protocol, { token: await world.token("ben"), device: "phone" });
      await call(client, "send", { to: "ben", data: "keep" });
      await call(client, "send", { to: "ben", data: 2 });
      await call(ben, "inbox", {});
      const items = [await ben.nextEvent("inbox"), await ben.nextEvent("inbox")] as RoomMessage[];
      expect(items.map(({ data }) => data)).to.deep.equal(["keep", { was: 2 }]);
    });

    it("keep the order of one connection's calls, however long each takes, and hold up no other's", async () => {
      const release = new Map<unknown, () => void>();
      await start({
        publish: (_, { data }) =>
          data === "slow" ? new Promise<void>((resolve) => release.set(data, resolve)) : undefined,
      });
      const { client } = await world.join(protocol, "r");
      const { client: other } = await world.join(protocol, "r");
      client.send({ type: "event", event: "publish", args: [{ room: "r", data: "slow" }] });
      client.send({ type: "event", event: "publish", args: [{ room: "r", data: "after" }] });
      await call(other, "publish", { room: "r", data: "other's" });
      release.get("slow")?.();
      const heard: unknown[] = [];
      for (let i = 0; i < 3; i++) heard.push(((await other.nextEvent("message")) as RoomMessage).data);
      expect(heard).to.deep.equal(["other's", "slow", "after"]);
    });

    it("are asked after the rules: they give nothing that the rules do not", async () => {
      let asked = 0;
      const count = (): void => {
        asked++;
      };
      await start(
        { join: count, publish: count, send: count },
        {
          policy: {
            rights: (_, room) => ({ join: room === "r", publish: false, presence: true, history: true }),
            maySend: () => false,
          },
        },
      );
      const { client } = await world.join(protocol, "r");
      expect(asked).to.equal(1);
      for (const [name, argument] of [
        ["join", { room: "other" }],
        ["publish", { room: "r", data: 1 }],
        ["send", { to: "ben", data: 1 }],
      ] as const)
        expect(((await client.ask(name, argument)) as Refused).error.code).to.equal("forbidden");
      expect(asked).to.equal(1);
    });

    it("that fail by themselves, or return what cannot be sent, are the server's fault and logged", async () => {
      const logged: string[] = [];
      const log = {
        debug: () => undefined,
        warn: () => undefined,
        error: (_: object, message: string) => void logged.push(message),
      };
      const answers: (() => { data: unknown })[] = [
        () => {
          throw new TypeError("a mistake");
        },
        () => ({ data: undefined }),
        () => ({ data: 1n }),
        () => ({ data: "x".repeat(100_000) }),
      ];
      await start({ publish: () => answers.shift()?.() }, { log });
      const { client } = await world.join(protocol, "r");
      while (answers.length > 0) {
        const { error } = (await client.ask("publish", { room: "r", data: 1 })) as Refused;
        expect(error.code).to.equal("internal");
        expect(error.message).not.to.contain("mistake");
      }
      expect((await world.running.history("r")).messages).to.deep.equal([]);
      expect(logged.length).to.be.greaterThan(0);
    });

    it("that do not answer in time refuse, and keep neither the connection nor the server from its end", async () => {
      await start({ publish: () => new Promise<undefined>(() => undefined) }, { beforeTimeout: 20 });
      const { client } = await world.join(protocol, "r");
      const { error } = (await client.ask("publish", { room: "r", data: 1 })) as Refused;
      expect(error).to.deep.include({ code: "unavailable", retryable: true });
      client.send({ type: "event", event: "publish", args: [{ room: "r", data: 2 }] });
      await call(client, "leave", { room: "r" });
      client.close();
    });

    it("let a kick wait for what is under way: the message is kept, and then the user leaves", async () => {
      let release: (() => void) | undefined;
      let asked: (() => void) | undefined;
      const isAsked = new Promise<void>((resolve) => (asked = resolve));
      await start({
        publish: () => {
          asked?.();
          return new Promise<undefined>((done) => (release = () => done(undefined)));
        },
      });
      const { client } = await world.join(protocol, "r", { token: await world.token("ada") });
      client.send({ type: "event", event: "publish", args: [{ room: "r", data: 1 }] });
      await isAsked;
      const kicks = [1, 2].map(() => world.running.kick({ user: "ada", room: "r" }));
      release?.();
      expect(await Promise.all(kicks)).to.deep.equal([1, 0]);
      expect((await world.running.history("r")).messages).to.have.length(1);
      expect((await world.running.members("r")).count).to.equal(0);
    });

    it("let a kick wait for a join that is under way, and undo it", async () => {
      let release: (() => void) | undefined;
      let asked: (() => void) | undefined;
      const isAsked = new Promise<void>((resolve) => (asked = resolve));
      await start({
        join: () => {
          asked?.();
          return new Promise<void>((done) => (release = done));
        },
      });
      const client = await world.enter(protocol, { token: await world.token("ada") });
      const joining = client.ask("join", { room: "r" });
      await isAsked;
      const kicked = world.running.kick({ user: "ada", room: "r" });
      release?.();
      expect((await joining).ok).to.equal(true);
      expect(await kicked).to.equal(1);
      expect((await world.running.members("r")).count).to.equal(0);
    });

    it("are not asked of what the backend does", async () => {
      await start({
        publish: () => {
          throw new Error("asked");
        },
      });
      await world.running.publish("r", 1);
      expect((await world.running.history("r")).messages).to.have.length(1);
    });
  });
}
