/** `crossroom start`: runs the server. */
import { type Command, Option } from "commander";
import { readConfig, type Flags } from "../config/read.js";
import { SERVER_SETTINGS, TOKEN_SETTINGS, type Setting } from "../config/settings.js";
import type { ProcessContext } from "./process-context.js";

export const START_NOTE =
  "Logs are JSON lines on standard error. SIGINT or SIGTERM ends the server in good order.";

export function addStartCommand(
  program: Command,
  { env, readText, start }: Pick<ProcessContext, "env" | "readText" | "start">,
): Command {
  const command = program
    .command("start")
    .description("run the server; this is what happens if no command is named")
    .addHelpText("after", `\n${START_NOTE}`);
  addSettings(command, { ...SERVER_SETTINGS, ...TOKEN_SETTINGS });
  return command.action((flags: Flags) => start(readConfig(flags, env, readText)));
}

export function addSettings(command: Command, settings: Readonly<Record<string, Setting<unknown>>>): void {
  for (const { flags, env, help, shownDefault } of Object.values(settings)) {
    const isOff = flags.startsWith("--no-");
    const isSwitch = !flags.includes("<");
    const variable = isSwitch ? `${env}=${isOff ? "false" : "true"}` : env;
    const also = [`env: ${variable}`, ...(shownDefault === undefined ? [] : [`default: ${shownDefault}`])];
    command.addOption(new Option(flags, `${help} (${also.join(", ")})`));
  }
}
