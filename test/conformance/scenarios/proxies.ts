/** Through proxies that do not let WebSockets through: by a client that nobody has set anything for. */
import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { type Client, eventually, type Fields } from "../client.js";
import type { Theme } from "../scenario.js";
import type { NginxProxy, NginxSetting } from "../stage/nginx-proxy.js";
import { ANY_WAY, type Stage } from "../stage/stage.js";

const OWN_WAYS = "Socket.IO's client has ways of its own";

/**
 * A client of a process that does not know yet which ways work, in room "r". As in an application that sets no times, unless `fields` does:
 * the suite's short ones are not for an attempt that waits for a stream.
 */
async function newcomer(
  stage: Stage,
  nginx: NginxProxy,
  fields: Fields = { reconnect: {} },
): Promise<Client> {
  const options = { layer: "rooms", url: nginx.url, ...fields };
  const client = await stage.open(options, await stage.newAgent(ANY_WAY));
  await client.do("join", { room: "r" });
  return client;
}

/** How the server says that it is there; those who were there before it hear of it a moment later. */
async function transportOf(client: Client, witness: Client): Promise<string | undefined> {
  const { sid } = await client.do("ready");
  let transport: string | undefined;
  const isKnown = async (): Promise<boolean> => {
    const { members } = await witness.do("members", { room: "r" });
    transport = members.flatMap(({ devices }) => devices).find((device) => device.sid === sid)?.transport;
    return transport !== undefined;
  };
  await eventually(isKnown, "the other client knows of this one");
  return transport;
}

/** The server is away for a second, in which nginx answers for it with 502; the client comes back, and is there by one of `ways`. */
async function outlasts(stage: Stage, setting: NginxSetting, ...ways: string[]): Promise<void> {
  const lobby = await stage.lobby();
  const nginx = await stage.nginx(lobby.directUrl);
  nginx.set(setting);
  const ada = await newcomer(stage, nginx, {});
  await ada.next("connect");
  await lobby.world.running.close({ http: true });
  await ada.next("disconnect");
  ada.forget("joined");
  await setTimeout(1_000);
  await lobby.world.start();
  await ada.next("connect");
  await ada.next("joined");
  expect(ways).to.include(await transportOf(ada, await lobby.writer("r")));
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
    {
      title: "comes back after a restart of the server, for which nginx answered with 502",
      not: { "socket.io-client": OWN_WAYS },
      needs: ["nginx"],
      async play(stage) {
        // By HTTP where the server is there again just between an attempt's two ways.
        await outlasts(stage, "lets WebSockets through", "bridge", "bridge-http");
        await outlasts(stage, "refuses WebSockets", "bridge-http");
      },
    },
  ],
};
