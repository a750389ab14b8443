/** The suite is held to account: agents that are wrong on purpose must fail it, and only where they are wrong. */
import { expect } from "chai";
import type { FaultName } from "./agents/wrong.js";
import { type CertifiedClient, javascriptAgent } from "./clients.js";
import { failures } from "./results.js";
import { connecting } from "./scenarios/connecting.js";
import { events } from "./scenarios/events.js";
import { rooms } from "./scenarios/rooms.js";
import { playAll } from "./suite.js";
import type { Theme, TransportName } from "./scenario.js";

/** What fails of these scenarios with an agent that has this fault. */
async function failuresOf(
  fault: FaultName | undefined,
  theme: Theme,
  titles: string[],
  transport: TransportName = "websocket",
): Promise<string[]> {
  const client: CertifiedClient = {
    name: "typescript",
    title: "TypeScript",
    agent: () => javascriptAgent("typescript", fault),
  };
  const scenarios = theme.scenarios.filter(({ title }) => titles.includes(title));
  expect(scenarios, "scenarios of these titles").to.have.length(titles.length);
  return failures(await playAll({ clients: [client], themes: [{ ...theme, scenarios }], transport }));
}

describe("The conformance suite", function () {
  this.timeout(60_000);

  const answering = "answers the server's events, once each";
  const hearing = "a message reaches everybody in the room, the publisher too, and nobody else";
  const ordered = "messages come in the room's order, whoever publishes";
  const closing = "obeys each close code: some end it, after the others it comes back";
  const sentAway = "does not come back where the server has sent it away";

  it("passes an agent that does nothing wrong", async () => {
    expect(await failuresOf(undefined, events, [answering])).to.deep.equal([]);
    expect(await failuresOf(undefined, rooms, [hearing, ordered])).to.deep.equal([]);
    expect(await failuresOf(undefined, connecting, [closing, sentAway])).to.deep.equal([]);
  });

  it("fails one that drops an ack", async () => {
    const [failure, ...more] = await failuresOf("drop-ack", events, [answering]);
    expect(failure).to.include(answering);
    expect(more).to.deep.equal([]);
  });

  it("fails one that delivers a message twice", async () => {
    const [failure, ...more] = await failuresOf("repeat-message", rooms, [hearing, ordered]);
    expect(failure).to.include(ordered);
    expect(more).to.deep.equal([]);
  });

  for (const transport of ["sse", "polling"] as const) {
    it(`is played over HTTP as well, by ${transport}`, async () => {
      expect(await failuresOf(undefined, events, [answering], transport)).to.deep.equal([]);
      expect(await failuresOf(undefined, connecting, [sentAway], transport)).to.deep.equal([]);
      const [failure, ...more] = await failuresOf("repeat-message", rooms, [hearing, ordered], transport);
      expect(failure).to.include(ordered);
      expect(more).to.deep.equal([]);
    });
  }

  it("fails one that reconnects after a close code that forbids it", async () => {
    const [failure] = await failuresOf("reconnect-after-final-code", connecting, [closing]);
    expect(failure).to.include(closing);
    const [sent] = await failuresOf("reconnect-after-final-code", connecting, [sentAway]);
    expect(sent).to.include(sentAway);
  });
});
