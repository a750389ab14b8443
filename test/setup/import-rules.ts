/** The rules of which file may import which, and the search for breaches. Pure, but for `readImports`. */
import { readFileSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import ts from "typescript";

/**
 * Who imports what. Files of the project are paths from its root with forward slashes and the ending `.ts`; everything
 * else is named as it is imported: `node:fs`, `ws`.
 */
export type Imports = ReadonlyMap<string, readonly string[]>;

interface Rule {
  readonly title: string;
  readonly applies: (file: string) => boolean;
  readonly forbids: (target: string) => boolean;
}

const OWN_PROPERTIES = "bridge/own-properties.ts";
const LEAVES = [
  "bridge/frames.ts",
  "bridge/close-codes.ts",
  OWN_PROPERTIES,
  "server/api/events.ts",
  "server/api/errors.ts",
];
const SOCKET_IO = /^(@socket\.io\/.+|(socket\.io|engine\.io)(-[^/]+)?|ws)(\/.*)?$/;
const COMPOSITION_ROOT = "server/main.ts";

/** What `crossroom` and its subpaths are, as package.json exports them. */
const OWN_PACKAGE: Readonly<Record<string, string>> = {
  crossroom: "bridge/index.ts",
  "crossroom/bridge": "bridge/index.ts",
  "crossroom/server": "server/index.ts",
  "crossroom/client": "clients/typescript/index.ts",
  "crossroom/rooms": "clients/rooms/index.ts",
};

const isIn = (folder: string) => (path: string) => path.startsWith(`${folder}/`);

export const RULES: readonly Rule[] = [
  {
    title: "bridge/ imports nothing of server/ or clients/",
    applies: isIn("bridge"),
    forbids: (target) => isIn("server")(target) || isIn("clients")(target),
  },
  {
    title: "server/rooms/ imports nothing of Socket.IO, Engine.IO or ws",
    applies: isIn("server/rooms"),
    forbids: (target) => SOCKET_IO.test(target),
  },
  {
    title: "bridge/fanout/ imports nothing from outside itself: it knows no connection",
    applies: isIn("bridge/fanout"),
    forbids: (target) => isIn("bridge")(target) && !isIn("bridge/fanout")(target),
  },
  {
    title: "clients/typescript/ imports nothing from outside itself",
    applies: isIn("clients/typescript"),
    forbids: (target) => !isIn("clients/typescript")(target),
  },
  {
    title: "clients/rooms/ imports nothing from outside itself",
    applies: isIn("clients/rooms"),
    forbids: (target) => !isIn("clients/rooms")(target),
  },
  {
    title: "server/rooms/ and the ports know no store: only the composition does",
    applies: isIn("server/rooms"),
    forbids: (target) => /^server\/store\/(memory|lmdb)\//.test(target) || target === "lmdb",
  },
  {
    title: `${LEAVES.join(", ")} import nothing but ${OWN_PROPERTIES}`,
    applies: (file) => LEAVES.includes(file),
    forbids: (target) => target !== OWN_PROPERTIES,
  },
  {
    title: "server/main.ts is imported by server/index.ts and tests alone",
    applies: (file) => file !== "server/index.ts" && !isIn("test")(file),
    forbids: (target) => target === COMPOSITION_ROOT,
  },
];

/** Every import that a rule forbids, as `rule: file -> target`. */
export function breaches(imports: Imports): string[] {
  return RULES.flatMap(({ title, applies, forbids }) =>
    [...imports]
      .filter(([file]) => applies(file))
      .flatMap(([file, targets]) =>
        targets.filter(forbids).map((target) => `${title}: ${file} -> ${target}`),
      ),
  );
}

/** The same between folders: what their files import of each other's. */
export function betweenFolders(imports: Imports): Imports {
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const from = posix.dirname(file);
    const known = folders.get(from) ?? new Set();
    for (const target of targets) {
      const to = posix.dirname(target);
      if (imports.has(target) && to !== from) known.add(to);
    }
    folders.set(from, known);
  }
  return new Map([...folders].map(([from, to]) => [from, [...to]]));
}

/** A circle through each file that closes one, as `a -> b -> a`; none if imports run one way. */
export function circles(imports: Imports): string[] {
  const found: string[] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    const seenAt = path.indexOf(file);
    if (seenAt !== -1) {
      found.push([...path.slice(seenAt), file].join(" -> "));
      return;
    }
    if (finished.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) visit(target);
    path.pop();
    finished.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return found;
}

/** What the TypeScript source of `file` imports: with types, re-exports and dynamic imports. */
export function importsOf(file: string, source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith(".")) return OWN_PACKAGE[fileName] ?? fileName;
    return posix.join(posix.dirname(file), fileName).replace(/\.js$/, ".ts");
  });
}

/** Reads the imports of all TypeScript files below folders of the project, from the working directory. */
export function readImports(folders: readonly string[]): Imports {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => posix.join(folder, name.replaceAll("\\", "/"))),
  );
  return new Map(files.sort().map((file) => [file, importsOf(file, readFileSync(file, "utf8"))]));
}
