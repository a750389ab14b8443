import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { describeWith } from "./support/machine.js";

/** Where scripts of ours are; what builds leave below these is nobody's. */
const FOLDERS = [".ci", "scripts", "bench", "examples", "test"];

const SHEBANG = /^#!.*\b(ba|da|k)?sh\b/;

/** Whatever begins as a shell script does, by any name. */
function shellScripts(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
      .map((entry) => join(entry.parentPath, entry.name)),
  ).filter((path) => SHEBANG.test(firstLine(path)));
}

function firstLine(path: string): string {
  const file = openSync(path, "r");
  try {
    const start = Buffer.alloc(80);
    return start.toString("latin1", 0, readSync(file, start)).split("\n")[0] ?? "";
  } finally {
    closeSync(file);
  }
}

describeWith(["shellcheck"], "the shell scripts", ([shellcheck]) => {
  const check = (args: readonly string[], input?: string) =>
    spawnSync(shellcheck, args, { encoding: "utf8", ...(input !== undefined && { input }) });

  it("have no fault that ShellCheck knows", () => {
    const scripts = shellScripts();
    expect(scripts).to.include.members([".ci/run", "scripts/in-trixie"]);
    const { status, stdout, stderr } = check(scripts);
    expect(status, stdout + stderr).to.equal(0);
  });

  it("would be found out by one that they have", () => {
    expect(check(["-"], "#!/bin/sh\nrm -r $1\n").status).to.equal(1);
  });
});
