/**
 * The parity suite: every feature of Socket.IO's server API is one scenario, played through each kind of client. What
 * was seen must be what the scenario expects, and the same for all. At the end the matrix is printed.
 */
import { expect } from "chai";
import { everythingRequired, redisServerPath } from "../support/machine.js";
import type { Driver } from "./drivers/driver.js";
import { plain, polling, sse } from "./drivers/plain.js";
import { socketIO } from "./drivers/socket-io.js";
import { typescript } from "./drivers/typescript.js";
import { matrix, type Outcome, type Row } from "./matrix.js";
import type { Scenario } from "./scenario.js";
import { THEMES } from "./scenarios/index.js";
import { normalise } from "./support/normalise.js";
import { Stage } from "./support/stage.js";

const DRIVERS: readonly Driver[] = [socketIO, plain, typescript, sse, polling];

/** What a client and its server saw, or why the scenario could not be played. */
async function result(scenario: Scenario, driver: Driver): Promise<unknown> {
  const stage = new Stage(driver);
  try {
    const seen = normalise(await scenario.play(stage));
    const leftOver = stage.leftOver();
    return leftOver.length === 0 ? seen : { seen, leftOver: normalise(leftOver) };
  } catch (error) {
    return `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  } finally {
    await stage.end();
  }
}

function outcome(seen: unknown, expected: unknown): Outcome {
  try {
    expect(seen).to.deep.equal(expected);
    return "same";
  } catch {
    return "different"; // chai throws for what is not equal; the test itself says how it differs
  }
}

describe("parity: the same through socket.io-client and through plain WebSockets", () => {
  const themes = new Map<string, Row[]>();

  for (const { title, scenarios, end } of THEMES) {
    const rows: Row[] = [];
    themes.set(title, rows);
    describe(title, () => {
      if (end !== undefined) after(end);
      for (const scenario of scenarios) {
        it(scenario.name, async function () {
          this.timeout(60_000); // it is played once for each kind of client
          const { needs, only, notOver } = scenario.conditions;
          if (needs === "redis" && redisServerPath() === undefined && !everythingRequired()) {
            rows.push({ feature: scenario.name, outcomes: DRIVERS.map(() => "not played") });
            this.skip();
          }
          const players = DRIVERS.filter(
            ({ transport, carrier }) =>
              (only === undefined || transport === only) && notOver?.includes(carrier) !== true,
          );
          const results = new Map<Driver, unknown>();
          for (const driver of players) results.set(driver, await result(scenario, driver));
          rows.push({
            feature: scenario.name,
            outcomes: DRIVERS.map((driver) =>
              results.has(driver) ? outcome(results.get(driver), scenario.expected) : "not played",
            ),
          });
          const [first] = results.values();
          for (const [{ name }, seen] of results) {
            expect(seen, `${name}, and what it should see`).to.deep.equal(scenario.expected);
            expect(seen, `${name}, and ${players[0]?.name}`).to.deep.equal(first);
          }
        });
      }
    });
  }

  after(() => {
    const names = DRIVERS.map((driver) => driver.name);
    console.log(`\n${matrix(names, themes).join("\n")}\n`);
  });
});
