/** `npm run conformance`: plays every scenario through every client, prints the matrix and writes docs/conformance.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildSdks } from "../setup/build-sdks.js";
import { makeReady } from "../setup/install.js";
import { PROJECT } from "../setup/sdks.js";
import { everythingRequired } from "../support/machine.js";
import { CLIENTS } from "./clients.js";
import { asPage, asText } from "./matrix.js";
import { THEMES } from "./scenarios/index.js";
import { countsOf, failures } from "./results.js";
import { playAll } from "./suite.js";

const USAGE = `npm run conformance -- [options]

  --client NAME     only this one, and more where it is given again: ${CLIENTS.map(({ name }) => name).join(", ")}
  --scenario TEXT   only scenarios with this in their title
  --verbose         tells of each scenario as it is played
`;

const PAGE = join(PROJECT, "docs", "conformance.md");

const { values } = parseArgs({
  options: {
    client: { type: "string", multiple: true, default: [] },
    scenario: { type: "string", default: "" },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) {
  process.stdout.write(USAGE);
} else {
  const unknown = values.client.filter((name) => !CLIENTS.some((client) => client.name === name));
  if (unknown.length > 0) {
    console.error(`error: there is no client ${unknown.join(", ")}\n\n${USAGE}`);
    process.exit(2);
  }
  const say = (line: string): void => console.log(line);
  const clients = CLIENTS.filter(({ name }) => values.client.length === 0 || values.client.includes(name));
  const themes = THEMES.map((theme) => ({
    ...theme,
    scenarios: theme.scenarios.filter(({ title }) => title.includes(values.scenario)),
  })).filter(({ scenarios }) => scenarios.length > 0);
  makeReady(say);
  const leftOut = buildSdks(
    clients.flatMap(({ sdk }) => sdk ?? []),
    say,
  );
  const table = await playAll({
    clients,
    themes,
    leftOut,
    told: (client, scenario, cell, milliseconds) => {
      if (values.verbose) say(`${client}: ${scenario}: ${cell.outcome} (${Math.round(milliseconds)} ms)`);
    },
  });
  console.log(asText(table));
  for (const line of failures(table)) console.log(line);
  const counts = countsOf(table);
  const isWhole = clients.length === CLIENTS.length && values.scenario === "" && leftOut.size === 0;
  // A page that told of a part would not be true.
  if (isWhole && counts.failed === 0) writePage(asPage(table));
  process.exitCode = counts.failed > 0 || (everythingRequired() && leftOut.size > 0) ? 1 : 0;
}

function writePage(page: string): void {
  let before: string | undefined;
  try {
    before = readFileSync(PAGE, "utf8");
  } catch {
    before = undefined; // it is written for the first time
  }
  if (before !== page) writeFileSync(PAGE, page);
}
