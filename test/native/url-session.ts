/**
 * On Linux the Swift SDK has a WebSocket of its own, as Foundation's has faults there (clients/swift/README.md, "Linux"). The class that
 * Apple's platforms use, URLSessionWebSocketTask, is played here all the same, through scenarios that those faults do not reach.
 */
import { playAll } from "../conformance/suite.js";
import { countsOf, failures } from "../conformance/results.js";
import { THEMES } from "../conformance/scenarios/index.js";
import type { Counts } from "../setup/counts.js";
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

export async function playUrlSession(sdk: Sdk, say: Say): Promise<Counts> {
  const agent = () => ({ ...sdk.agent(), env: { CROSSROOM_TRANSPORT: "urlsession" } });
  const themes = THEMES.map((theme) => ({
    ...theme,
    scenarios: theme.scenarios.filter(({ title }) => TITLES.includes(title)),
  }));
  const title = `${sdk.title} on URLSessionWebSocketTask`;
  const table = await playAll({ clients: [{ name: sdk.name, title, agent }], themes });
  const counts = countsOf(table);
  say(`${title}: ${counts.passed} of ${TITLES.length} scenarios passed`);
  for (const line of failures(table)) say(line);
  return counts;
}
