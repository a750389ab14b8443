/** What is in dist/, beside the sources that it was made of. Paths are as seen from the repository's folder. */
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { manifestOf, PACKAGES } from "./packages.js";

const FOLDERS = ["bridge", "server", "clients", "bench", "scripts", "test"];

/** Folders below those, of other languages, and what was made or installed. */
const OTHERS = /^clients\/(kotlin|rust|swift)$|(^|\/)(dist|node_modules)$/;

/** All TypeScript sources that are compiled. */
export function sources() {
  return FOLDERS.flatMap((folder) => filesBelow(folder)).filter((path) => path.endsWith(".ts"));
}

/** Where the JavaScript of a source is. */
export function outputOf(source) {
  return join("dist", source.replace(/\.ts$/, ".js"));
}

/**
 * Sources of another time than their JavaScript, which is given theirs by `stamp`: newer ones, those that an older file took the place of,
 * and those that have none.
 */
export function changedSources() {
  return sources().filter((source) => changedAt(source) !== changedAt(outputOf(source)));
}

/** Says that the JavaScript of these sources is made of them as they were at these times, in milliseconds. */
export function stamp(times) {
  for (const [source, at] of times) utimesSync(outputOf(source), at / 1_000, at / 1_000);
}

/** Removes what was made of a source that is gone, so that a deleted test cannot still run. Says whether there was any. */
export function tidy() {
  const outputs = new Set(sources().map(outputOf));
  const page = join("dist", "server", "public");
  const stale = FOLDERS.flatMap((folder) => filesBelow(join("dist", folder))).filter((path) => {
    const script = path.replace(/(\.d\.ts|\.js|\.js\.map)$/, ".js");
    return !path.startsWith(page) && script.endsWith(".js") && !outputs.has(script);
  });
  for (const path of stale) rmSync(path);
  return stale.length > 0;
}

/** Lets what is in dist/ import this repository's packages by their names, and get what is in dist/. */
export function linkPackages() {
  for (const one of PACKAGES) {
    const { name, version, exports } = manifestOf(one);
    const here = relative(one.folder, one.sources);
    const entries = Object.entries(exports).map(([entry, to]) => [entry, inDist(to, here)]);
    const manifest = { name, version, type: "module", exports: Object.fromEntries(entries) };
    write(join("dist", one.folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
    link(join("dist/node_modules", name), join("dist", one.folder));
  }
}

/** `./dist/index.js` of a package, as it is called where the sources' folders are kept. */
function inDist(entry, sourcesFolder) {
  if (typeof entry === "string") return entry;
  const { default: path } = entry.import ?? entry;
  return path.replace("./dist/", sourcesFolder === "" ? "./" : `./${sourcesFolder}/`);
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  if (changedAt(path) === undefined || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

function link(path, target) {
  mkdirSync(dirname(path), { recursive: true });
  try {
    symlinkSync(relative(dirname(path), target), path, "junction");
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
}

/** All files below a folder, but for those of other languages, what was made and what was installed. None where it is not there. */
export function filesBelow(folder) {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return OTHERS.test(path) ? [] : filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function entriesOf(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error.code === "ENOENT") return []; // nothing was made yet
    throw error;
  }
}

/** In whole milliseconds since the epoch, as files can be given; undefined where there is no such file. */
export function changedAt(path) {
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return mtimeMs === undefined ? undefined : Math.round(mtimeMs);
}
