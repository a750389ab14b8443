/** The message of a command: its argument, or what is piped in. */
import { text } from "node:stream/consumers";
import { ConfigError } from "../config/config-error.js";
import type { Terminal } from "./terminal.js";

/** @param isJson Whether it is a JSON value, or else text. Throws a ConfigError if there is none. */
export async function readMessage(
  argument: string | undefined,
  isJson: boolean,
  { input }: Terminal,
): Promise<unknown> {
  const given = argument ?? (await text(input)).replace(/\r?\n$/, "");
  if (given === "") throw new ConfigError("there is nothing to send; give a TEXT, or pipe one in");
  return isJson ? parseJson(given) : given;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new ConfigError(
      `TEXT: with --json it must be a JSON value (${error instanceof Error ? error.message : "it is none"})`,
    );
  }
}
