/**
 * On Linux the Swift SDK has a WebSocket and a client of HTTP of its own, as Foundation's have faults there (clients/swift/README.md,
 * "Linux"). The classes that Apple's platforms use, URLSession's, are played here all the same, through scenarios that those faults do not reach.
 */
import { playAll } from "../conformance/suite.js";
import { countsOf, failures } from "../conformance/results.js";
import { THEMES } from "../conformance/scenarios/index.js";
import type { TransportName } from "../conformance/scenario.js";
import { type Counts, sum } from "../setup/counts.js";
import type { Sdk } from "./sdks.js";
import type { Say } from "./verdict.js";

/** What no message of more than 4 KB, no close code and no cut belongs to. */
const TITLES: readonly string[] = [
  "shows its auth and its headers, and learns its id",
  "tells why a namespace refused it, and does not ask again by itself",
  "gives up where the upgrade is refused with 401 or 403",
  "finds out that a connection has fallen silent, and makes a new one",
  "gets the ack of each call, however they are mixed",
  "answers the server's events, once each",
  "every JSON value arrives as it was sent",
  "a message reaches everybody in the room, the publisher too, and nobody else",
];

/** The same over HTTP, where size does no harm. */
const HTTP_TITLES: readonly string[] = [
  "shows its auth and its headers, and learns its id",
  "tells why a namespace refused it, and does not ask again by itself",
  "gets the ack of each call, however they are mixed",
  "answers the server's events, once each",
  "every JSON value arrives as it was sent",
  "a message reaches everybody in the room, the publisher too, and nobody else",
  "gets more than goes into one ack, page by page",
  "what is published under cuts is in the log once and in order",
];

export async function playUrlSession(sdk: Sdk, say: Say): Promise<Counts> {
  return sum([
    await play(sdk, "websocket", TITLES, say),
    await play(sdk, "sse", HTTP_TITLES, say),
    await play(sdk, "polling", HTTP_TITLES, say),
  ]);
}

async function play(
  sdk: Sdk,
  transport: TransportName,
  titles: readonly string[],
  say: Say,
): Promise<Counts> {
  const agent = () => ({ ...sdk.agent(), env: { CROSSROOM_TRANSPORT: "urlsession" } });
  const themes = THEMES.map((theme) => ({
    ...theme,
    scenarios: theme.scenarios.filter(({ title }) => titles.includes(title)),
  }));
  const title = `${sdk.title} on URLSession, ${transport}`;
  const table = await playAll({ clients: [{ name: sdk.name, title, agent }], themes, transport });
  const counts = countsOf(table);
  say(`${title}: ${counts.passed} of ${titles.length} scenarios passed`);
  for (const line of failures(table)) say(line);
  return counts;
}
