/** Plays the scenarios through the clients. The clients play side by side, each its own scenarios one after the other. */
import { Agent, type Command } from "./agent.js";
import { missingTools } from "../support/machine.js";
import type { CertifiedClient } from "./clients.js";
import type { Cell, Table } from "./matrix.js";
import type { Scenario, Theme, TransportName } from "./scenario.js";
import { type ANY_WAY, Stage } from "./stage/stage.js";

export interface SuiteOptions {
  readonly clients: readonly CertifiedClient[];
  readonly themes: readonly Theme[];
  /** The way to the server that all clients take. Default: "websocket". */
  readonly transport?: TransportName;
  /** Clients that cannot be played, and why. */
  readonly leftOut?: ReadonlyMap<string, string>;
  /** Told of each cell as it is known. */
  readonly told?: (client: string, scenario: string, cell: Cell, milliseconds: number) => void;
}

/** Milliseconds that one scenario may take. */
const SCENARIO = 60_000;

const NONE: ReadonlyMap<string, string> = new Map();

export async function playAll({
  clients,
  themes,
  transport = "websocket",
  leftOut = NONE,
  told,
}: SuiteOptions): Promise<Table> {
  const scenarios = themes.flatMap((theme) => theme.scenarios);
  const present = clients.filter(({ name }) => !leftOut.has(name));
  const cells = new Map<string, Cell>();
  const set = (client: CertifiedClient, { title }: Scenario, cell: Cell, begun: number): void => {
    cells.set(`${client.name} ${title}`, cell);
    told?.(client.title, title, cell, performance.now() - begun);
  };
  await Promise.all(
    present.map(async (client) => {
      const player = new Player(client, transport);
      for (const scenario of scenarios.filter(({ together }) => together !== true)) {
        const begun = performance.now();
        set(client, scenario, await player.play(scenario), begun);
      }
      player.end();
    }),
  );
  for (const scenario of scenarios.filter(({ together }) => together === true)) {
    const begun = performance.now();
    const cell = await playTogether(scenario, present, transport);
    for (const client of present) set(client, scenario, cell, begun);
  }
  const cellOf = (client: CertifiedClient, scenario: Scenario): Cell => {
    const why = leftOut.get(client.name);
    if (why !== undefined) return { outcome: "left out", why };
    return cells.get(`${client.name} ${scenario.title}`) ?? { outcome: "failed", why: "it was not played" };
  };
  return {
    columns: clients.map(({ title }) => ({ title })),
    themes: themes.map((theme) => ({
      title: theme.title,
      rows: theme.scenarios.map((scenario) => ({
        title: scenario.title,
        cells: clients.map((client) => cellOf(client, scenario)),
      })),
    })),
  };
}

/** A client's agent, through all its scenarios. One that fails a scenario is not trusted with the next: another one is started. */
class Player {
  readonly #client: CertifiedClient;
  readonly #transport: TransportName;
  #agent: Agent | undefined;

  constructor(client: CertifiedClient, transport: TransportName) {
    this.#client = client;
    this.#transport = transport;
  }

  async play(scenario: Scenario): Promise<Cell> {
    const why = scenario.not?.[this.#client.name];
    if (why !== undefined) return { outcome: "not for it", why };
    const missing = missingTools(scenario.needs ?? []);
    if (missing.length > 0) return { outcome: "left out", why: `${missing.join(" and ")} is missing` };
    try {
      this.#agent ??= await startAgent(this.#client, this.#transport);
      await playOn(
        new Stage(this.#agent, this.#transport, (ways) => startAgent(this.#client, ways)),
        scenario,
      );
      return { outcome: "passed" };
    } catch (error) {
      this.#agent?.kill();
      this.#agent = undefined;
      return { outcome: "failed", why: reason(error) };
    }
  }

  end(): void {
    this.#agent?.kill();
  }
}

/** The agent of a client, which reads the ways that it may take from its environment (docs/conformance-agent.md). */
function startAgent(client: CertifiedClient, ways: TransportName | typeof ANY_WAY): Promise<Agent> {
  const { program, args, env }: Command = client.agent();
  return Agent.start(client.title, { program, args, env: { ...env, CROSSROOM_TRANSPORTS: ways } });
}

async function playTogether(
  scenario: Scenario,
  clients: readonly CertifiedClient[],
  transport: TransportName,
): Promise<Cell> {
  const agents: Agent[] = [];
  try {
    for (const client of clients) agents.push(await startAgent(client, transport));
    const [first] = agents;
    if (first === undefined) throw new Error("there is no client");
    const none = (): Promise<never> => Promise.reject(new Error("there is one agent of each kind"));
    await playOn(new Stage(first, transport, none, agents), scenario);
    return { outcome: "passed" };
  } catch (error) {
    return { outcome: "failed", why: reason(error) };
  } finally {
    for (const agent of agents) agent.kill();
  }
}

async function playOn(stage: Stage, scenario: Scenario): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${SCENARIO} ms`)), SCENARIO);
  });
  try {
    await Promise.race([scenario.play(stage), late]);
  } catch (error) {
    await stage.abandon();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  await stage.end();
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
