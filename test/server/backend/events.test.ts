import { expect } from "chai";
import type { RoomsEvents } from "../../../server/index.js";
import { call, World } from "../../guarantees/world.js";
import { within } from "../../support/deadline.js";
import { PROTOCOLS, type Protocol } from "../support/clients.js";

const NAMES = ["connected", "disconnected", "joined", "left", "occupied", "vacated", "published"] as const;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`what a program hears of clients over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    const heard: [keyof RoomsEvents, RoomsEvents[keyof RoomsEvents]][] = [];
    const failures: string[] = [];
    beforeEach(async () => {
      heard.length = failures.length = 0;
      const error = (_: object, message: string): void => void failures.push(message);
      const log = { debug: () => undefined, warn: () => undefined, error };
      world = await new World({ log, presenceGrace: 0 }).start();
      for (const name of NAMES) world.running.on(name, (event) => heard.push([name, event]));
    });
    afterEach(() => world.stop());

    const next = (name: keyof RoomsEvents): Promise<void> =>
      within(new Promise((resolve) => world.running.on(name, () => resolve())), name);
    const names = (): string[] => heard.map(([name]) => name);

    it("is who connects, joins, publishes, leaves and goes, in this order", async () => {
      const { client } = await world.join(protocol, "r", {
        token: await world.token("ada"),
        device: "phone",
      });
      const published = await call<object>(client, "publish", { room: "r", data: 1, id: "a" });
      await call(client, "publish", { room: "r", data: 1, id: "a" });
      await call(client, "leave", { room: "r" });
      const gone = next("disconnected");
      client.close();
      await gone;
      expect(names()).to.deep.equal([
        ...["connected", "occupied", "joined", "published", "left", "vacated", "disconnected"],
      ]);
      const who = { user: "ada", name: "ada" };
      const connection = { sid: client.self?.sid, guest: false, device: "phone", transport: protocol };
      const events = Object.fromEntries(heard) as unknown as RoomsEvents;
      expect(events.connected).to.deep.equal({ ...who, ...connection });
      expect(events.disconnected).to.deep.include({ ...who, ...connection });
      expect(events.disconnected.reason).to.be.a("string");
      expect(events.joined).to.deep.include({ room: "r", ...who, count: 1 });
      expect(events.joined.member.devices.map(({ id }) => id)).to.deep.equal(["phone"]);
      expect(events.left).to.deep.equal({ room: "r", ...who, count: 0 });
      expect(events.published).to.deep.include({ room: "r", id: "a", data: 1 });
      expect(published).to.deep.include({ position: events.published.position });
    });

    it("is who is cut off and does not come back, and the others are told how many are left", async () => {
      const { client: other } = await world.join(protocol, "r");
      const { client: second } = await world.join(protocol, "r");
      expect(await other.nextEvent("presence")).to.deep.include({ count: 2 });
      const left = next("left");
      second.cut();
      await left;
      expect(await other.nextEvent("presence")).to.deep.include({ count: 1 });
      expect(heard.at(-1)?.[1]).to.deep.include({ room: "r", count: 1 });
      await call(other, "leave", { room: "r" });
      heard.length = 0;
      const { client } = await world.join(protocol, "r");
      const gone = next("vacated");
      client.cut();
      await gone;
      expect(names()).to.include.members(["disconnected", "left"]);
    });

    it("is once that a room is occupied, whoever joins at the same moment", async () => {
      const clients = [await world.enter(protocol), await world.enter(protocol), await world.enter(protocol)];
      const join = (client: (typeof clients)[number]) => client.ask("join", { room: "r", history: 10 });
      for (const answer of await Promise.all(clients.map(join))) expect(answer.ok).to.equal(true);
      expect(names().filter((name) => name === "occupied")).to.have.length(1);
      const counts = heard.flatMap(([name, event]) =>
        name === "joined" ? [(event as { count: number }).count] : [],
      );
      expect(counts).to.have.members([1, 2, 3]);
    });

    it("is what the backend publishes, and ends when it is told to", async () => {
      const seen: unknown[] = [];
      const end = world.running.on("published", ({ data }) => seen.push(data));
      await world.running.publish("r", 1);
      end();
      await world.running.publish("r", 2);
      expect(seen).to.deep.equal([1]);
      expect(names()).to.deep.equal(["published", "published"]);
    });

    it("does no harm where a listener fails", async () => {
      world.running.on("published", () => {
        throw new Error("a mistake");
      });
      const { client } = await world.join(protocol, "r");
      await call(client, "publish", { room: "r", data: 1 });
      expect(await client.nextEvent("message")).to.deep.include({ data: 1 });
      expect(failures).to.deep.equal(['a listener of "published" failed']);
    });
  });
}
