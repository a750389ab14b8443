/** Clients of all kinds in one room. */
import { expect } from "chai";
import type { Client, Message } from "../client.js";
import type { Theme } from "../scenario.js";
import type { Stage } from "../stage/stage.js";
import type { Lobby } from "../stage/lobby.js";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** One client of each kind, in the room. */
async function all(stage: Stage, lobby: Lobby): Promise<Client[]> {
  return Promise.all(
    stage.others.map(async (agent) => {
      const options = { layer: "rooms", url: lobby.url, name: agent.title, ackTimeout: 2_000 };
      const client = await stage.open(options, agent);
      await client.do("join", { room: "r" });
      return client;
    }),
  );
}

export const together: Theme = {
  title: "All together",
  scenarios: [
    {
      title: "in one room, all see the same messages in the same order, each once, under cuts",
      together: true,
      async play(stage) {
        const lobby = await stage.lobby({ limits: { messagesPerSecond: 10_000 } });
        const clients = await all(stage, lobby);
        const count = 30;
        const published = clients.map((client) =>
          Promise.all(
            upTo(count).map((n) => client.do("publish", { room: "r", data: { by: client.agent.title, n } })),
          ),
        );
        const views = clients.map(async (client) => {
          const view: Message[] = [];
          while (view.length < count * clients.length) {
            view.push(await client.message());
            // By each of them once, somewhere in the middle.
            if (view.length === 20 * (1 + clients.indexOf(client))) lobby.cut();
          }
          return view;
        });
        const [[first, ...others]] = await Promise.all([Promise.all(views), Promise.all(published)]);
        for (const view of others) expect(view).to.deep.equal(first);
      },
    },
    {
      title: "in one room, all know each other, and what each says arrives as it was said",
      together: true,
      async play(stage) {
        const lobby = await stage.lobby();
        const clients = await all(stage, lobby);
        const said = ["text é 🙂", 9_007_199_254_740_991, 0.1, { $binary: "AP8=" }, { a: [null, true, {}] }];
        for (const client of clients) {
          for (const data of said) await client.do("publish", { room: "r", data });
        }
        for (const client of clients) {
          expect(await client.messages(said.length * clients.length)).to.deep.equal(
            clients.flatMap(() => said),
          );
          const { members } = await client.do("members", { room: "r" });
          expect(members.map(({ name }) => name)).to.have.members(clients.map(({ agent }) => agent.title));
        }
      },
    },
  ],
};
