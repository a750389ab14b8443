/**
 * Builds the packages as they are published, each into its own dist/: with types, and where programs that are CommonJS may use it, for those
 * too. Without arguments it checks the types of all else. With packages' folders as arguments, those and what they need. Only what has changed.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { makeDemo } from "./demo.js";
import { tidyPackage } from "./outputs.js";
import { PACKAGES } from "./packages.js";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");

process.chdir(join(import.meta.dirname, ".."));
const folders = process.argv.slice(2);
const wanted = PACKAGES.filter(({ folder }) => folders.length === 0 || folders.includes(folder));
try {
  tsc("-b", ...folders);
  for (const one of wanted) {
    if (one.commonJs) {
      tsc("-p", join(one.folder, "tsconfig.cjs.json"));
      writeFileSync(join(one.folder, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');
    }
    tidyPackage(one);
    if (one.folder === "server") {
      await makeDemo("server/dist/public");
      chmodSync("server/dist/main.js", 0o755);
    }
  }
} catch {
  process.exit(1); // the compiler has printed what is wrong
}

function tsc(...args) {
  execFileSync(process.execPath, [TSC, ...args], { stdio: "inherit" });
}
