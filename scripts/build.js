/**
 * Builds the packages as they are published, each into its own dist/: with types, and where programs that are CommonJS may use it, for those
 * too. Without arguments all of them, what has changed, and it checks the types of all else. With packages' folders as arguments those, from
 * nothing: what is published has no file of a source that is gone, and misses none.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, normalize } from "node:path";
import { makeDemo } from "./demo.js";
import { manifestOf, PACKAGES } from "./packages.js";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

process.chdir(join(import.meta.dirname, ".."));
const folders = process.argv.slice(2).map((folder) => normalize(folder).replace(/\/$/, ""));
for (const folder of folders) {
  if (PACKAGES.some((one) => one.folder === folder)) continue;
  const known = PACKAGES.map((one) => one.folder).join(", ");
  process.stderr.write(`build: ${folder} is none of the packages' folders: ${known}\n`);
  process.exit(2);
}
for (const folder of folders) rmSync(join(folder, "dist"), { recursive: true, force: true });
tsc("-b", ...folders);
for (const one of PACKAGES) {
  if (folders.length > 0 && !folders.includes(one.folder)) continue;
  if (one.commonJs) {
    tsc("-p", join(one.folder, "tsconfig.cjs.json"));
    writeFileSync(join(one.folder, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');
  }
  if (one.page !== undefined) await makeDemo(join(one.folder, "dist", one.page));
  for (const program of Object.values(manifestOf(one).bin ?? {})) chmodSync(join(one.folder, program), 0o755);
}

/** Ends the program where the compiler has found something, which it has printed. */
function tsc(...args) {
  const { status, error } = spawnSync(process.execPath, [TSC, ...args], { stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(1);
}
