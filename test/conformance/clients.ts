/** The clients that are certified: how each one's agent is built and started. */
import { join } from "node:path";
import type { Command } from "./agent.js";
import type { ClientName } from "./scenario.js";
import { SDKS, type Sdk } from "../native/sdks.js";

export interface CertifiedClient {
  readonly name: ClientName;
  readonly title: string;
  /** How its agent is started. To be asked once toolchains are installed: some are in another root then. */
  agent(): Command;
  /** The SDK that has to be built first; undefined for what is compiled with the tests. */
  readonly sdk?: Sdk;
}

/** The agent that is compiled with the tests. @param wrong what it does wrong on purpose: agents/javascript.ts. */
export function javascriptAgent(client: "socket.io-client" | "typescript", wrong?: string): Command {
  const args = [join(import.meta.dirname, "agents", "javascript.js"), client];
  return { program: process.execPath, args: wrong === undefined ? args : [...args, wrong] };
}

export const CLIENTS: readonly CertifiedClient[] = [
  { name: "socket.io-client", title: "socket.io-client", agent: () => javascriptAgent("socket.io-client") },
  { name: "typescript", title: "TypeScript", agent: () => javascriptAgent("typescript") },
  ...SDKS.map((sdk) => ({ name: sdk.name, title: sdk.title, agent: () => sdk.agent(), sdk })),
];
