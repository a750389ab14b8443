/** Through proxies that do not let WebSockets through: by a client that nobody has set anything for. */
import { expect } from "chai";
import type { Client } from "../client.js";
import type { Theme } from "../scenario.js";
import type { NginxProxy, NginxSetting } from "../stage/nginx-proxy.js";
import { ANY_WAY, type Stage } from "../stage/stage.js";

const OWN_WAYS = "Socket.IO's client has ways of its own";

/**
 * A client of a process that does not know yet which ways work, in room "r". As in an application that sets no times: the suite's
 * short ones are not for an attempt that tries two ways.
 */
async function newcomer(stage: Stage, nginx: NginxProxy): Promise<Client> {
  const options = { layer: "rooms", url: nginx.url, reconnect: {} };
  const client = await stage.open(options, await stage.newAgent(ANY_WAY));
  await client.do("join", { room: "r" });
  return client;
}

/** How the server says that it is there. */
async function transportOf(client: Client, witness: Client): Promise<string | undefined> {
  const { sid } = await client.do("ready");
  const { members } = await witness.do("members", { room: "r" });
  return members.flatMap(({ devices }) => devices).find((device) => device.sid === sid)?.transport;
}

/** A newcomer comes in through nginx, and messages go both ways, each once and in order, in one session. */
async function talks(stage: Stage, setting: NginxSetting): Promise<void> {
  const lobby = await stage.lobby();
  const nginx = await stage.nginx(lobby.directUrl);
  nginx.set(setting);
  const ada = await newcomer(stage, nginx);
  const { sid } = await ada.do("ready");
  const ben = await lobby.writer("r");
  expect(await transportOf(ada, ben)).to.equal("bridge-http");
  const numbers = Array.from({ length: 20 }, (_, n) => n);
  for (const data of numbers) await ben.do("publish", { room: "r", data });
  await Promise.all(numbers.map((n) => ada.do("publish", { room: "r", data: 20 + n })));
  const all = Array.from({ length: 40 }, (_, n) => n);
  for (const client of [ada, ben]) expect(await client.messages(all.length)).to.deep.equal(all);
  expect((await ada.do("ready")).sid).to.equal(sid);
}

export const proxies: Theme = {
  title: "Through a proxy, with nothing set",
  scenarios: [
    {
      title: "comes in over HTTP where nginx refuses WebSockets",
      not: { "socket.io-client": OWN_WAYS },
      needs: ["nginx"],
      play: (stage) => talks(stage, "refuses WebSockets"),
    },
    {
      title: "comes in where nginx holds back what it does not have whole, too",
      not: { "socket.io-client": OWN_WAYS },
      needs: ["nginx"],
      play: (stage) => talks(stage, "holds answers back"),
    },
    {
      title: "comes by WebSocket where nginx lets it through, or does so again",
      not: { "socket.io-client": OWN_WAYS },
      needs: ["nginx"],
      async play(stage) {
        const lobby = await stage.lobby();
        const nginx = await stage.nginx(lobby.directUrl);
        const ben = await lobby.writer("r");
        expect(await transportOf(await newcomer(stage, nginx), ben)).to.equal("bridge-http");
        nginx.set("lets WebSockets through");
        expect(await transportOf(await newcomer(stage, nginx), ben)).to.equal("bridge");
      },
    },
  ],
};
