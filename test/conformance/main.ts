/** `npm run conformance`: plays every scenario through every client, prints the matrix and writes docs/conformance.md. */
import { parseArgs } from "node:util";
import { buildSdks } from "../native/build.js";
import { makeReady } from "../setup/install.js";
import { everythingRequired } from "../support/machine.js";
import { certify, write } from "./certify.js";
import { FAULT_NAMES } from "./agents/wrong.js";
import { type CertifiedClient, CLIENTS, javascriptAgent } from "./clients.js";
import { THEMES } from "./scenarios/index.js";
import { TRANSPORTS, type TransportName } from "./scenario.js";

const NAMES = CLIENTS.map(({ name }) => name).join(", ");

const USAGE = `npm run conformance -- [options]

  --client NAME     only this one, and more where it is given again: ${NAMES}
  --transport WAY   how clients reach the server: ${TRANSPORTS.join(", ")}. Default: websocket
  --scenario TEXT   only scenarios with this in their title
  --verbose         tells of each scenario as it is played
  --wrong FAULT     only TypeScript, with an agent that is wrong on purpose; the suite has to fail:
                    ${FAULT_NAMES.join(", ")}

Exit code: 0 if all passed, 1 if not, 2 if it could not be played.
`;

const say = (line: string): void => console.log(line);

/** @returns the exit code. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      client: { type: "string", multiple: true, default: [] },
      transport: { type: "string", default: "websocket" },
      scenario: { type: "string", default: "" },
      verbose: { type: "boolean", default: false },
      wrong: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const wanted = values.client;
  const stranger = wanted.find((name) => !CLIENTS.some((client) => client.name === name));
  if (stranger !== undefined) throw new TypeError(`there is no client ${stranger}; give some of ${NAMES}`);
  const transport = transportNamed(values.transport);
  const clients =
    values.wrong === undefined
      ? CLIENTS.filter((client) => canGo(client, transport) && isWanted(client, wanted))
      : [wrongClient(values.wrong)];
  const sdks = clients.flatMap(({ sdk }) => sdk ?? []);
  const scenarios = THEMES.flatMap((theme) => theme.scenarios);
  makeReady(say, [...new Set([...sdks, ...scenarios].flatMap(({ needs = [] }) => needs))]);
  const leftOut = await buildSdks(sdks, say);
  const choice = { leftOut, clients, transport, scenario: values.scenario, isVerbose: values.verbose };
  const { counts, page } = await certify(choice, say);
  if (page !== undefined) write(page);
  if (counts.passed + counts.failed === 0) throw new TypeError("no client and scenario are of that name");
  return counts.failed > 0 || (everythingRequired() && counts.skipped > 0) ? 1 : 0;
}

function isWanted({ name }: CertifiedClient, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

/** The ways over HTTP are the bridge's; socket.io-client has its own. */
function canGo({ name }: CertifiedClient, transport: TransportName): boolean {
  return transport === "websocket" || name !== "socket.io-client";
}

function transportNamed(word: string): TransportName {
  const transport = TRANSPORTS.find((name) => name === word);
  if (transport === undefined)
    throw new TypeError(`there is no transport ${word}; give one of ${TRANSPORTS.join(", ")}`);
  return transport;
}

function wrongClient(fault: string): CertifiedClient {
  if (!FAULT_NAMES.some((name) => name === fault)) {
    throw new TypeError(`there is no fault ${fault}; give one of ${FAULT_NAMES.join(", ")}`);
  }
  const title = `TypeScript, ${fault}`;
  return { name: "typescript", title, agent: () => javascriptAgent("typescript", fault) };
}

try {
  process.exitCode = await main();
} catch (error) {
  // Of parseArgs and of ours: a wrong word on the command line.
  if (error instanceof TypeError) console.error(`error: ${error.message}\n\n${USAGE}`);
  else console.error(error);
  process.exitCode = 2;
}
