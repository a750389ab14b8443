/** What is in dist/, beside the sources that it was made of. */
import { cpSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = ["bridge", "server", "clients", "bench", "test"];

/** Folders below those, of other languages. */
const OTHERS = /^clients\/(kotlin|rust|swift)$/;

/** All TypeScript sources that are compiled, as paths from the project's folder. */
export function sources() {
  return FOLDERS.flatMap((folder) => filesBelow(folder)).filter((path) => path.endsWith(".ts"));
}

/** Where the JavaScript of a source is. */
export function outputOf(source) {
  return join("dist", source.replace(/\.ts$/, ".js"));
}

/** Sources whose JavaScript is older than they are, or is not there. */
export function changedSources() {
  return sources().filter((source) => changedAt(source) > (changedAt(outputOf(source)) ?? 0));
}

/** Removes what was made of a source that is gone, so that a deleted test cannot still run. Copies the demo's other files. */
export function tidy() {
  const outputs = new Set(sources().map(outputOf));
  for (const folder of FOLDERS) {
    for (const path of filesBelow(join("dist", folder))) {
      const script = path.replace(/(\.d\.ts|\.js|\.js\.map)$/, ".js");
      if (script.endsWith(".js") && !outputs.has(script)) rmSync(path);
    }
  }
  cpSync("clients/demo", "dist/clients/demo", {
    recursive: true,
    filter: (path) => !path.endsWith(".ts"),
  });
}

function filesBelow(folder) {
  if (OTHERS.test(folder)) return [];
  return entriesOf(folder).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return []; // nothing was made yet
    throw error;
  }
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
