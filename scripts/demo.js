/** Makes the demo page of clients/demo: one script that holds the clients too, and the other files as they are. */
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { changedAt, filesBelow } from "./outputs.js";

const PAGE = "clients/demo";
const SCRIPT = "main.js";

/** The comparison, which the page leads to. */
const COMPARISON = ["html", "css", "json"].map((ending) => `docs/compare.${ending}`);

/** Into a folder from which the server serves it. Only what is older than what it is made of; says whether there was any. */
export async function makeDemo(folder) {
  mkdirSync(folder, { recursive: true });
  const isOld = (name, parts) => parts.some((path) => !(changedAt(path) < changedAt(join(folder, name))));
  const files = filesBelow(PAGE);
  const copies = [...files.filter((path) => /\.(html|css|svg)$/.test(path)), ...COMPARISON];
  const known = [SCRIPT, ...copies.map((path) => basename(path))];
  const stale = readdirSync(folder).filter((name) => !known.includes(name));
  for (const name of stale) rmSync(join(folder, name));
  const old = copies.filter((path) => isOld(basename(path), [path]));
  for (const path of old) copyFileSync(path, join(folder, basename(path)));
  const isScriptOld = isOld(SCRIPT, [...files, ...filesBelow("clients/typescript/src")]);
  if (isScriptOld) await bundle(join(folder, SCRIPT));
  return stale.length > 0 || old.length > 0 || isScriptOld;
}

/** Not made small: whoever looks at the page is meant to read its script. */
function bundle(outfile) {
  const options = { bundle: true, format: "esm", target: "es2022", logLevel: "error" };
  // Where esbuild believes itself to be is where the program was started.
  return build({ ...options, absWorkingDir: process.cwd(), entryPoints: [join(PAGE, "main.ts")], outfile });
}
