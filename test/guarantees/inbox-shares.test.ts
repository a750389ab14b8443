/** Strangers cannot fill an inbox for others. */
import { expect } from "chai";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, refusalOf, World } from "./world.js";

const LIMITS = { inboxItems: 12, inboxItemsOfSender: 3, inboxItemsOfGuests: 5 };

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`shares of an inbox, over ${PROTOCOLS[protocol].title}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await new World({ limits: LIMITS }).start();
    });
    afterEach(() => world.stop());

    const send = (client: TestClient, id: string): Promise<object> =>
      call(client, "send", { to: "ben", data: 1, id });
    const isRefused = (client: TestClient): Promise<string> =>
      refusalOf(client, "send", { to: "ben", data: 1 });
    const user = async (name: string): Promise<TestClient> =>
      world.enter(protocol, { token: await world.token(name) });

    it("are of one sender, whose retry still gets the first result", async () => {
      const ada = await user("ada");
      for (const id of ["1", "2", "3"]) await send(ada, id);
      expect(await isRefused(ada)).to.equal("inbox_full");
      expect(await send(ada, "3")).to.include({ duplicate: true });
      await send(await user("eve"), "1");
    });

    it("are of guests together, and leave room for users", async () => {
      const guests = await Promise.all([1, 2, 3].map(() => world.enter(protocol)));
      for (const [n, guest] of guests.entries()) if (n < 2) await send(guest, "1");
      for (const id of ["2", "3"]) await send(guests[0]!, id);
      await send(guests[1]!, "2");
      expect(await isRefused(guests[2]!)).to.equal("inbox_full");
      await send(await user("ada"), "1");
    });

    it("are free again when the items have been processed", async () => {
      const ada = await user("ada");
      for (const id of ["1", "2", "3"]) await send(ada, id);
      expect(await isRefused(ada)).to.equal("inbox_full");
      const ben = await world.enter(protocol, { token: await world.token("ben"), device: "phone" });
      await call(ben, "inbox", {});
      await ben.nextEvent("inbox");
      const { position } = (await ben.nextEvent("inbox")) as { position: object };
      await call(ben, "inbox_ack", { position });
      await send(ada, "4");
      await send(ada, "5");
      expect(await isRefused(ada)).to.equal("inbox_full");
    });
  });
}
