/**
 * Makes the JavaScript of changed sources in dist/, without a look at their types: in less than a second, where the compiler needs half
 * a minute. For tests that are run while one writes; what is published is made by build.js. By esbuild: in wide use, and without
 * dependencies.
 */
import { build, context } from "esbuild";
import { changedSources, sources, tidy } from "./outputs.js";

const OPTIONS = { outbase: ".", outdir: "dist", format: "esm", sourcemap: true, logLevel: "error" };

/** Rejects if a source cannot be read as TypeScript; esbuild has said why. */
export async function transpile() {
  const entryPoints = changedSources();
  if (entryPoints.length > 0) await build({ ...OPTIONS, entryPoints });
  tidy();
}

/** The same again and again: calls `then` after the first time, and whenever a source was saved. Never ends. */
export async function transpileOnSave(then) {
  const plugin = {
    name: "then",
    setup: ({ onEnd }) => onEnd(({ errors }) => (errors.length === 0 ? then() : undefined)),
  };
  const watched = await context({ ...OPTIONS, entryPoints: sources(), plugins: [plugin] });
  await watched.watch();
}
