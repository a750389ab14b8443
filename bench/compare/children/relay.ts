/** The network between clients and servers, in a process of its own. It is asked for ports for UDP by the clients, over HTTP. */
import { createServer } from "node:http";
import { answerQuestions } from "../../shared/questions.js";
import { listen } from "../../shared/listen.js";
import type { RelayQuestion } from "../protocol.js";
import { type Link, Passage, type Weather } from "../relay/relay.js";
import { relayTcp } from "../relay/tcp.js";
import { relayUdp } from "../relay/udp.js";

const passages = new Map<string, Passage>();
/** By name: those for UDP, which are counted with their passage for TCP. */
const udp = new Map<string, Passage[]>();
const links = new Set<Link>();
const weather: Weather = { isCut: false, isStalled: false };

const control = createServer((request, response) => {
  const query = new URL(request.url ?? "/", "http://localhost").searchParams;
  const name = query.get("name") ?? "";
  const passage = new Passage(Number(query.get("upstream")), known(name).oneWay);
  udp.set(name, [...(udp.get(name) ?? []), passage]);
  void relayUdp(passage, weather, links).then((port) => response.end(String(port)));
});

answerQuestions({ port: await listen(control) }, async (question: RelayQuestion): Promise<object> => {
  switch (question.ask) {
    case "open": {
      const passage = new Passage(question.upstream, question.oneWay);
      passages.set(question.name, passage);
      udp.delete(question.name);
      return { port: await relayTcp(passage, weather, links) };
    }
    case "passed": {
      const all = [known(question.name), ...(udp.get(question.name) ?? [])];
      return { up: sum(all.map(({ up }) => up)), down: sum(all.map(({ down }) => down)) };
    }
    case "cut":
      weather.isCut = true;
      for (const link of [...links]) link.cut();
      return {};
    case "restore":
      weather.isCut = false;
      return {};
    case "stall":
      weather.isStalled = true;
      for (const link of links) link.hold();
      return {};
    case "release":
      weather.isStalled = false;
      for (const link of links) link.release();
      return {};
    case "swallow":
      known(question.name).swallow = question.text;
      return {};
  }
});

function known(name: string): Passage {
  const passage = passages.get(name);
  if (passage === undefined) throw new Error(`there is no relay ${name}`);
  return passage;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
