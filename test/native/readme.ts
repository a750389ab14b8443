/** Follows the five-minute path of an SDK's README to the letter: in an empty folder, against a running server. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { startRooms } from "../server/support/server.js";
import { launch } from "../support/machine.js";
import { fiveMinutes } from "./five-minutes.js";
import { PROJECT, type Sdk } from "./sdks.js";

/** Milliseconds for all of it: there are things to fetch and to compile. */
const PATIENCE = 10 * 60_000;

/** What went wrong, or undefined. The server has another port than the one that the README names. */
export async function followReadme(sdk: Sdk): Promise<string | undefined> {
  const { steps, prints } = fiveMinutes(readFileSync(join(sdk.folder, "README.md"), "utf8"));
  const server = await startRooms();
  // Under /tmp, which the trixie root shares.
  const folder = mkdtempSync(join(tmpdir(), "crossroom-readme-"));
  const work = join(folder, "work");
  const withPort = (text: string): string => text.replaceAll("3000", new URL(server.url).port);
  try {
    mkdirSync(work);
    const path = `${makeShims(join(folder, "bin"), sdk)}${delimiter}${process.env["PATH"] ?? ""}`;
    let printed = "";
    for (const step of steps) {
      if (step.do === "type") {
        const { output, trouble } = await type(withPort(step.commands), work, { ...sdk.env, PATH: path });
        if (trouble !== undefined) return trouble;
        printed = output;
        continue;
      }
      mkdirSync(dirname(join(work, step.file)), { recursive: true });
      writeFileSync(join(work, step.file), withPort(step.content).replaceAll("$CROSSROOM", PROJECT));
    }
    return missing(prints.map(withPort), printed);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with a command for each tool that is not on the PATH under its name: those of the trixie root. */
function makeShims(folder: string, sdk: Sdk): string {
  mkdirSync(folder);
  for (const tool of sdk.needs) {
    const { program = "", args = [] } = launch(tool) ?? {};
    const [name] = args;
    // What the machine itself has needs none.
    if (name === undefined) continue;
    writeFileSync(join(folder, name), `#!/bin/sh\nexec '${program}' '${name}' "$@"\n`, { mode: 0o755 });
  }
  return folder;
}

/** Not spawnSync: the server runs in this process. */
function type(commands: string, cwd: string, env: Sdk["env"]): Promise<{ output: string; trouble?: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-euc", commands], {
      cwd,
      env: { ...process.env, ...env, CROSSROOM: PROJECT },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: PATIENCE,
    });
    let output = "";
    let errors = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", ({ message }) => resolve({ output, trouble: message }));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve({ output });
      const end = `${output}\n${errors}`.trim().split("\n").slice(-30).join("\n");
      resolve({ output, trouble: `${commands.trim()}\nended with ${signal ?? code ?? "nothing"}\n${end}` });
    });
  });
}

/** Lines that should be printed, in this order, among others. */
function missing(prints: readonly string[], printed: string): string | undefined {
  const lines = printed.split("\n").map((line) => line.trimEnd());
  let from = 0;
  for (const line of prints) {
    const at = lines.indexOf(line, from);
    if (at === -1) return `it did not print ${JSON.stringify(line)}, but:\n${printed}`;
    from = at + 1;
  }
  return undefined;
}
