/** The programs that the native clients of a run are in: one for each kind. */
import { readFileSync } from "node:fs";
import { Agent } from "../../conformance/agent.js";
import { CLIENTS } from "../../conformance/clients.js";
import type { Protocol, Recorder } from "../records.js";

/** Milliseconds between two looks at a program's memory. */
const LOOK = 1_000;

export class Programs {
  readonly #agents: ReadonlyMap<Protocol, Agent>;
  readonly #timer: NodeJS.Timeout;

  private constructor(agents: ReadonlyMap<Protocol, Agent>, recorder: Recorder) {
    this.#agents = agents;
    this.#timer = setInterval(() => {
      for (const [program, agent] of agents) {
        const bytes = residentBytes(agent.pid);
        if (bytes !== undefined) recorder.write({ kind: "memory", program, bytes });
      }
    }, LOOK);
  }

  /** Starts those of these kinds that are native; the others need none. */
  static async start(kinds: ReadonlySet<Protocol>, recorder: Recorder): Promise<Programs> {
    const agents = new Map<Protocol, Agent>();
    try {
      for (const kind of kinds) {
        const client = CLIENTS.find(({ name, sdk }) => name === kind && sdk !== undefined);
        if (client !== undefined) agents.set(kind, await Agent.start(client.title, client.agent()));
      }
    } catch (error) {
      for (const agent of agents.values()) agent.kill();
      throw error;
    }
    return new Programs(agents, recorder);
  }

  get(kind: Protocol): Agent | undefined {
    return this.#agents.get(kind);
  }

  /** Ends them; rejects if one does not end by itself. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#agents.values()].map((agent) => agent.exit()));
  }

  kill(): void {
    clearInterval(this.#timer);
    for (const agent of this.#agents.values()) agent.kill();
  }
}

/** What a process has in memory, on Linux; elsewhere unknown. */
function residentBytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // no /proc, or the process has just ended
  }
}
