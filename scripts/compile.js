/**
 * Makes the JavaScript of changed sources in dist/, without a look at their types: in less than a second, where the compiler needs half
 * a minute. What the tests, the benchmarks and `npm start` run; what is published is made by build.js. By esbuild: in wide use, and
 * without dependencies.
 */
import { build, context } from "esbuild";
import { chmodSync } from "node:fs";
import { makeDemo } from "./demo.js";
import { changedSources, linkPackages, sources, tidy } from "./outputs.js";

const OPTIONS = { outbase: ".", outdir: "dist", format: "esm", sourcemap: true, logLevel: "error" };

/** Rejects if a source cannot be read as TypeScript; esbuild has said why. */
export async function compile() {
  const entryPoints = changedSources();
  if (entryPoints.length > 0) await build({ ...OPTIONS, entryPoints });
  await complete();
}

/** The same again and again: calls `then` after the first time, and whenever a source was saved. Never ends. */
export async function compileOnSave(then) {
  const end = async ({ errors }) => {
    if (errors.length > 0) return;
    await complete();
    then();
  };
  const plugin = { name: "then", setup: ({ onEnd }) => onEnd(end) };
  const watched = await context({ ...OPTIONS, entryPoints: sources(), plugins: [plugin] });
  await watched.watch();
}

/** All but the scripts. */
async function complete() {
  tidy();
  linkPackages();
  await makeDemo("dist/server/public");
  chmodSync("dist/server/main.js", 0o755);
}

if (process.argv[1] === import.meta.filename) {
  await compile().catch(() => (process.exitCode = 1));
}
