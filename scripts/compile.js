/**
 * Makes the JavaScript of changed sources in dist/, without a look at their types: in less than a second, where the compiler needs half
 * a minute. What the tests, the benchmarks and `npm start` run; what is published is made by build.js. By esbuild: in wide use, and
 * without dependencies.
 */
import { build, version } from "esbuild";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { makeDemo } from "./demo.js";
import { changedAt, changedSources, linkPackages, sources, stamp, tidy } from "./outputs.js";

const OPTIONS = { outbase: ".", outdir: "dist", format: "esm", sourcemap: true, logLevel: "error" };

/** Where it is kept what dist/ was made with: made with something else, all of it is made anew. */
const MADE_WITH = "dist/.made-with";
const WITH = `${version} ${JSON.stringify(OPTIONS)}\n`;

/** Milliseconds between two looks at whether something was saved. */
const LOOK_EVERY = 300;

/**
 * Says whether there was anything to do. Rejects with a `CompileError` if a source cannot be read as TypeScript; esbuild has said why.
 * @param changed the sources to make anew, if they are known
 */
export async function compile(changed = changedSources()) {
  const isMadeWithThis = existsSync(MADE_WITH) && readFileSync(MADE_WITH, "utf8") === WITH;
  const entryPoints = isMadeWithThis ? changed : sources();
  const times = entryPoints.map((source) => [source, changedAt(source)]);
  if (entryPoints.length > 0) await made(build({ ...OPTIONS, absWorkingDir: process.cwd(), entryPoints }));
  stamp(times);
  if (!isMadeWithThis) writeFileSync(MADE_WITH, WITH);
  const isTidied = tidy();
  linkPackages();
  const isNewPage = await made(makeDemo("dist/server/public"));
  if (existsSync("dist/server/main.js")) chmodSync("dist/server/main.js", 0o755);
  return entryPoints.length > 0 || isTidied || isNewPage;
}

/** Calls `then` after the first time, and whenever something was saved, made or removed that can be compiled. Never ends. */
export async function compileOnSave(then) {
  let failedAt;
  for (let isFirst = true; ; await setTimeout(LOOK_EVERY)) {
    const changed = changedSources();
    const now = JSON.stringify(changed.map((source) => [source, changedAt(source)]));
    // What esbuild has refused once is not tried again before it was saved.
    if (now === failedAt) continue;
    const outcome = await compileOr(changed);
    failedAt = outcome === "failed" ? now : undefined;
    if (outcome === true || (isFirst && outcome === false)) then();
    isFirst = false;
  }
}

export class CompileError extends Error {}

/** What `compile` says, or "failed". */
async function compileOr(changed) {
  try {
    return await compile(changed);
  } catch (error) {
    if (error instanceof CompileError) return "failed";
    throw error;
  }
}

/** esbuild's own errors have been printed by it. */
async function made(work) {
  try {
    return await work;
  } catch (error) {
    throw Array.isArray(error.errors) ? new CompileError(error.message) : error;
  }
}

if (process.argv[1] === import.meta.filename) {
  if ((await compileOr()) === "failed") process.exitCode = 1;
}
