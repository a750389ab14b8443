/** The native SDKs: what each needs, how it is built and tested, and how its agent is started. */
import { resolve } from "node:path";
import type { Command } from "../conformance/agent.js";
import type { ToolName } from "../support/machine.js";

/** The project's folder: compiled tests are in dist/test/. */
export const PROJECT = resolve(import.meta.dirname, "..", "..", "..");

/** One command of a build or a test. */
export interface Step {
  readonly program: string;
  readonly args: readonly string[];
}

export interface Sdk {
  readonly name: "kotlin" | "swift" | "rust";
  readonly title: string;
  readonly needs: readonly ToolName[];
  /** Of the SDK. */
  readonly folder: string;
  /** Builds the library and its agent. */
  readonly build: readonly Step[];
  /** Runs its unit tests, once it is built. */
  readonly test: readonly Step[];
  agent(): Command;
}

export const SDKS: readonly Sdk[] = [];
