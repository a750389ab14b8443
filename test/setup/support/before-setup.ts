/**
 * A program that loads files of the project, and prints what it saw them look for on the way: programs that they started, and places
 * in FOLDER, where the environment has all tools' places. Then it makes the trixie root there, as set-up does, and prints how the
 * agents are started.
 *
 *     node before-setup.js FOLDER FILE...
 */
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** What the program prints. */
export interface Seen {
  readonly looks: readonly string[];
  /** The program that starts the agent of each client. */
  readonly agents: Readonly<Record<string, string>>;
}

const [folder = "", ...files] = process.argv.slice(2);
const looks: string[] = [];

/** Has `module`'s functions of these names tell of their first argument, for whoever imports them from now on. */
function watch(module: object, names: readonly string[], isLook: (what: string) => boolean): void {
  for (const name of names) {
    const original = Reflect.get(module, name) as (...args: unknown[]) => unknown;
    Reflect.set(module, name, (...args: unknown[]) => {
      const what = String(args[0]);
      if (isLook(what)) looks.push(`${name} ${what}`);
      return original(...args);
    });
  }
}

watch(
  childProcess,
  ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"],
  () => true,
);
watch(fs, ["accessSync", "existsSync", "statSync", "lstatSync", "readdirSync"], (path) =>
  path.startsWith(folder),
);
syncBuiltinESMExports();

for (const file of files) await import(pathToFileURL(file).href);
const seen = [...looks];

const root = process.env["CROSSROOM_TRIXIE"] ?? "";
fs.mkdirSync(root);
const { packagesOf, TOOLS } = await import("../../support/machine.js");
for (const name of Object.values(TOOLS).flatMap(packagesOf)) fs.writeFileSync(join(root, `.has-${name}`), "");
const { CLIENTS } = await import("../../conformance/clients.js");
const agents = Object.fromEntries(CLIENTS.map((client) => [client.name, client.agent().program]));
console.log(JSON.stringify({ looks: seen, agents } satisfies Seen));
