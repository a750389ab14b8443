/** Plays the suite and tells of it: for `npm run conformance` and for `npm test`. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "../native/sdks.js";
import type { Counts } from "../setup/counts.js";
import { CLIENTS, type CertifiedClient } from "./clients.js";
import { asPage, asText } from "./matrix.js";
import { countsOf, failures } from "./results.js";
import type { Theme, TransportName } from "./scenario.js";
import { THEMES } from "./scenarios/index.js";
import { playAll } from "./suite.js";

type Say = (line: string) => void;

export interface Choice {
  /** Ids of clients that cannot be played, and why. */
  readonly leftOut: ReadonlyMap<string, string>;
  /** Default: all. */
  readonly clients?: readonly CertifiedClient[];
  /** Default: "websocket". */
  readonly transport?: TransportName;
  /** Of scenarios: part of their titles. */
  readonly scenario?: string;
  readonly isVerbose?: boolean;
}

/** The outcome, with the page where it is about all clients and scenarios, and good. */
export interface Certificate {
  readonly counts: Counts;
  readonly page: string | undefined;
}

const PAGE = join(PROJECT, "docs", "conformance.md");

export async function certify(
  { leftOut, clients = CLIENTS, transport = "websocket", scenario = "", isVerbose = false }: Choice,
  say: Say,
): Promise<Certificate> {
  const table = await playAll({
    clients,
    themes: themesWith(scenario),
    leftOut,
    transport,
    told: (client, title, { outcome }, milliseconds) => {
      if (isVerbose) say(`${client}: ${title}: ${outcome} (${Math.round(milliseconds)} ms)`);
    },
  });
  say(asText(table));
  for (const line of failures(table)) say(line);
  const counts = countsOf(table);
  // A page that told of a part would not be true.
  const isWhole =
    clients.length === CLIENTS.length && scenario === "" && counts.skipped === 0 && transport === "websocket";
  return { counts, page: isWhole && counts.failed === 0 ? asPage(table) : undefined };
}

/** Whether docs/conformance.md says what was found. */
export function isWritten(page: string): boolean {
  return pageThatIsThere() === page;
}

export function write(page: string): void {
  if (!isWritten(page)) writeFileSync(PAGE, page);
}

function pageThatIsThere(): string | undefined {
  try {
    return readFileSync(PAGE, "utf8");
  } catch {
    return undefined; // it is to be written for the first time
  }
}

function themesWith(scenario: string): Theme[] {
  return THEMES.map((theme) => ({
    ...theme,
    scenarios: theme.scenarios.filter(({ title }) => title.includes(scenario)),
  })).filter(({ scenarios }) => scenarios.length > 0);
}
