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
  "server/api/types.ts",
  "server/api/errors.ts",
];
const SOCKET_IO = /^(@socket\.io\/.+|(socket\.io|engine\.io)(-[^/]+)?|ws)(\/.*)?$/;
const COMPOSITION_ROOT = "server/main.ts";

/** Folders that are packages: what is outside is imported by a package's name. */
const PACKAGES = ["bridge", "clients/demo", "clients/typescript", "server"];

/** The names of the repository's packages, as their package.json export them. */
export const OWN_PACKAGES: Readonly<Record<string, string>> = {
  "@crossroom/bridge": "bridge/index.ts",
  "@crossroom/client": "clients/typescript/src/index.ts",
  "@crossroom/client/rooms": "clients/typescript/src/rooms/index.ts",
  crossroom: "server/index.ts",
  "crossroom/wire-tap": "server/demo/wire-tap/records.ts",
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
    title:
      "clients/typescript/src/rooms/ imports nothing of the client beside it: it is for socket.io-client as well",
    applies: isIn("clients/typescript/src/rooms"),
    forbids: (target) =>
      !isIn("clients/typescript/src/rooms")(target) && !isIn("clients/typescript/src/shared")(target),
  },
  {
    title: "of the server only its command line imports a client",
    applies: (file) => isIn("server")(file) && !isIn("server/cli")(file),
    forbids: isIn("clients"),
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
  return specifiersIn(source).map((name) =>
    name.startsWith(".") ? pathOf(file, name) : (OWN_PACKAGES[name] ?? name),
  );
}

/** What the source of `file` imports by a path that leads out of the package that it is in. */
export function pathsOutOfPackage(file: string, source: string): string[] {
  const own = PACKAGES.find((folder) => isIn(folder)(file));
  if (own === undefined) return [];
  return specifiersIn(source).filter((name) => name.startsWith(".") && !isIn(own)(pathOf(file, name)));
}

function specifiersIn(source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);
}

function pathOf(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, ".ts");
}

/** Reads all TypeScript files below folders of the project, from the working directory, but for what was built or installed. */
export function readImports(folders: readonly string[], of = importsOf): Imports {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
      .filter((path) => path.endsWith(".ts") && !/\/(dist|node_modules)\//.test(path)),
  );
  return new Map(files.sort().map((file) => [file, of(file, readFileSync(file, "utf8"))]));
}
