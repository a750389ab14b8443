/** `crossroom check-config`: whether a server would start with this configuration, without starting one. */
import type { Command } from "commander";
import type { Config } from "../config/config.js";
import { readConfig, type Flags } from "../config/read.js";
import { SERVER_SETTINGS, TOKEN_SETTINGS } from "../config/settings.js";
import { addSettings } from "./start.js";
import type { ProcessContext } from "./process-context.js";

export function addCheckConfigCommand(
  program: Command,
  { env, readText, print, check }: Pick<ProcessContext, "env" | "readText" | "print" | "check">,
): void {
  const command = program
    .command("check-config")
    .description("read the configuration and the files that it names, and print what holds; starts nothing")
    .addHelpText(
      "after",
      "\nExit codes: 0 the configuration is good, 2 it is not: the error says what to do.",
    );
  addSettings(command, { ...SERVER_SETTINGS, ...TOKEN_SETTINGS });
  command.action(async (flags: Flags) => {
    const config = readConfig(flags, env, readText);
    await check(config);
    print(`${JSON.stringify(shown(config), null, 2)}\nThe configuration is good.\n`);
  });
}

/** The configuration without what must not get into a log of a build. */
function shown(config: Config): object {
  const { auth } = config;
  return { ...config, auth: { ...auth, ...(auth.secret === undefined ? {} : { secret: "(set)" }) } };
}
