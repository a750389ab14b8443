/** `crossroom backup` and `crossroom restore`. */
import type { Command } from "commander";
import { ConfigError } from "../config/config-error.js";
import { DEFAULT_CONFIG } from "../config/config.js";
import { COPIED_FILES } from "../store/lmdb/data-folder.js";
import { copyStore } from "../store/lmdb/lmdb-backup.js";
import { given, terminalOf, type Terminal } from "./terminal.js";

interface Flags {
  data?: string;
}

export function addBackupCommands(program: Command, terminal: Terminal = terminalOf(process)): void {
  const dataOf = ({ data }: Flags): string => {
    const folder = given(data, terminal.env["DATA"]) ?? DEFAULT_CONFIG.data ?? "";
    if (folder === "") throw new ConfigError("--data must name a folder");
    return folder;
  };
  const dataOption = `the data folder (env: DATA, default: ./${DEFAULT_CONFIG.data ?? "."})`;
  program
    .command("backup")
    .description(
      "copy the data folder, while its server runs or not, into a folder that is empty or not there",
    )
    .argument("<folder>", "where the backup is to be")
    .option("-d, --data <folder>", dataOption)
    .action(async (to: string, flags: Flags) => {
      await copyStore(dataOf(flags), to, COPIED_FILES);
      terminal.output.write(`${dataOf(flags)} is backed up in ${to}\n`);
    });
  program
    .command("restore")
    .description("make a data folder, which must be empty or not there, out of a backup")
    .argument("<folder>", "where the backup is")
    .option("-d, --data <folder>", dataOption)
    .action(async (from: string, flags: Flags) => {
      await copyStore(from, dataOf(flags), COPIED_FILES);
      terminal.output.write(`${from} is restored in ${dataOf(flags)}\n`);
    });
}
