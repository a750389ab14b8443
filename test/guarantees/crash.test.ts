/** The guarantees that only a real server on a real folder can keep or break: it is killed without warning. */
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { History, InboxOpened, Published, Sent } from "../../server/index.js";
import { ServerProcess } from "../server/support/child.js";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, joinRoom } from "./world.js";

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  describe(`guarantees when the server is killed, over ${PROTOCOLS[protocol].title}`, () => {
    let folder: string;
    let server: ServerProcess;
    let url: string;
    let clients: TestClient[];

    const start = async (): Promise<void> => {
      server = new ServerProcess(["--port", "0", "--data", folder, "--no-demo", "--log-level", "error"]);
      url = await server.listening();
    };
    const crash = async (): Promise<void> => {
      const { signal } = await server.stop("SIGKILL");
      expect(signal).to.equal("SIGKILL");
      await start();
    };
    const enter = async (auth: object = {}): Promise<TestClient> => {
      const client = PROTOCOLS[protocol].open(url);
      clients.push(client);
      await client.enter(undefined, auth);
      return client;
    };

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "crossroom-crash-"));
      clients = [];
      await start();
    });
    afterEach(async () => {
      for (const client of clients) client.close();
      await server.stop("SIGKILL");
      rmSync(folder, { recursive: true });
    });

    it("a publish that was acked is in the log, at its position", async () => {
      const ada = await enter();
      await joinRoom(ada, "r");
      const acked = await Promise.all(
        Array.from({ length: 100 }, (_, n) => call<Published>(ada, "publish", { room: "r", data: n })),
      );
      await crash();
      const back = await enter();
      await joinRoom(back, "r");
      const { messages } = await call<History>(back, "history", { room: "r", limit: 500 });
      expect(messages.map(({ id, position }) => ({ id, position }))).to.deep.equal(
        acked.map(({ id, position }) => ({ id, position })),
      );
    });

    it("publishing again with the same id returns the first result", async () => {
      const ada = await enter();
      await joinRoom(ada, "r");
      const first = await call<Published>(ada, "publish", { room: "r", data: 1, id: "once" });
      const token = ada.self!.token!;
      await crash();
      const back = await enter({ token });
      await joinRoom(back, "r");
      const again = await call<Published>(back, "publish", { room: "r", data: 2, id: "once" });
      expect(again).to.deep.equal({ ...first, duplicate: true });
    });

    it("joining since a position recovers what was missed, before the first message too", async () => {
      const ada = await enter();
      const { position } = await joinRoom(ada, "r");
      const quiet = await joinRoom(ada, "quiet");
      for (const n of [1, 2, 3]) await call<Published>(ada, "publish", { room: "r", data: n });
      await crash();
      const back = await enter();
      const { recovered, messages } = await joinRoom(back, "r", position);
      expect(recovered).to.equal(true);
      expect(messages?.map(({ data }) => data)).to.deep.equal([1, 2, 3]);
      expect(await joinRoom(back, "quiet", quiet.position)).to.deep.include({
        recovered: true,
        messages: [],
      });
    });

    it("what was sent waits in the inbox, after the cursor that was acked", async () => {
      const ada = await enter();
      const ben = await enter({ device: "phone" });
      const { user: to, token } = ben.self!;
      await call<InboxOpened>(ben, "inbox", {});
      for (const data of [1, 2]) await call<Sent>(ada, "send", { to, data });
      const first = (await ben.nextEvent("inbox")) as { position: object };
      await call(ben, "inbox_ack", { position: first.position });
      await crash();
      const back = await enter({ device: "phone", token });
      expect(await call<InboxOpened>(back, "inbox", {})).to.deep.include({
        cursor: first.position,
        waiting: 1,
        known: true,
      });
      expect(await back.nextEvent("inbox")).to.include({ data: 2 });
    });
  });
}
