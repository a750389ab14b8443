import { expect } from "chai";
import { readFileSync } from "node:fs";
import ts from "typescript";
import {
  betweenFolders,
  breaches,
  circles,
  type Imports,
  importsOf,
  OWN_PACKAGES,
  pathsOutOfPackage,
  readImports,
  RULES,
} from "./setup/import-rules.js";

describe("imports run one way", () => {
  const product = readImports(["bridge", "server", "clients", "scripts"]);

  it("has no circle in bridge/, server/ and clients/", () => {
    expect(circles(product)).to.be.empty;
  });

  it("has no circle between the folders either", () => {
    expect(circles(betweenFolders(product))).to.be.empty;
  });

  it("leaves a package by the name of another, never by a path", () => {
    const paths = readImports(["bridge", "server", "clients"], pathsOutOfPackage);
    expect([...paths].filter(([, out]) => out.length > 0)).to.be.empty;
  });

  it("has the names of the packages lead to the same sources for the compiler", () => {
    const { config } = ts.readConfigFile("tsconfig.base.json", (path) => readFileSync(path, "utf8")) as {
      config: { compilerOptions: { paths: Record<string, string[]> } };
    };
    const own = Object.entries(OWN_PACKAGES).map(([name, path]) => [name, [`./${path}`]]);
    expect(config.compilerOptions.paths).to.deep.equal(Object.fromEntries(own));
  });

  const everything = new Map([...product, ...readImports(["bench", "test"])]);

  for (const { title } of RULES) {
    it(title, () => {
      expect(breaches(everything).filter((breach) => breach.startsWith(title))).to.be.empty;
    });
  }
});

describe("the check of imports", () => {
  const graph = (edges: Record<string, string[]>): Imports => new Map(Object.entries(edges));

  it("reads real files and finds the files that they import", () => {
    expect(readImports(["bridge"]).get("bridge/index.ts")).to.include("bridge/engine.ts");
  });

  it("sees every form of import, and no import in a comment or a string", () => {
    const source = `
      import a from "./a.js";
      import type { B } from "../b.js";
      import "./c/c.js";
      export * from "./d.js";
      export type { E } from "./e.js";
      const f = await import("./f.js");
      type G = import("./g.js").G;
      import ws from "ws";
      import fs from "node:fs";
      import { attachBridge } from "@crossroom/bridge";
      // import "./comment.js";
      const text = 'import "./string.js"';
    `;
    expect(importsOf("x/y/z.ts", source)).to.have.members([
      "x/y/a.ts",
      "x/b.ts",
      "x/y/c/c.ts",
      "x/y/d.ts",
      "x/y/e.ts",
      "x/y/f.ts",
      "x/y/g.ts",
      "ws",
      "node:fs",
      "bridge/index.ts",
    ]);
  });

  it("finds a path out of a package", () => {
    const source =
      'import "../x.js"; import "../../bridge/x.js"; import type { A } from "../../../clients/a.js"; import "ws";';
    expect(pathsOutOfPackage("server/a/b.ts", source)).to.deep.equal([
      "../../bridge/x.js",
      "../../../clients/a.js",
    ]);
    expect(pathsOutOfPackage("test/a/b.ts", source)).to.be.empty;
  });

  it("finds circles: of one file, of two, and those behind others", () => {
    expect(circles(graph({ a: ["a"] }))).to.deep.equal(["a -> a"]);
    expect(circles(graph({ a: ["b"], b: ["a"] }))).to.deep.equal(["a -> b -> a"]);
    expect(circles(graph({ a: ["b", "d"], b: ["c"], c: ["d", "b"], d: [] }))).to.deep.equal(["b -> c -> b"]);
  });

  it("takes no two ways to one file for a circle", () => {
    expect(circles(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: ["node:fs"] }))).to.be.empty;
  });

  const forbidden: [file: string, target: string][] = [
    ["bridge/engine.ts", "server/api/types.ts"],
    ["bridge/engine.ts", "clients/typescript/src/index.ts"],
    ["server/rooms/rooms.ts", "socket.io"],
    ["server/rooms/deep/rooms.ts", "socket.io-adapter"],
    ["server/rooms/rooms.ts", "@socket.io/redis-adapter"],
    ["server/rooms/rooms.ts", "engine.io"],
    ["server/rooms/rooms.ts", "ws"],
    ["server/rooms/rooms.ts", "socket.io/dist/socket.js"],
    ["clients/typescript/src/socket.ts", "bridge/frames.ts"],
    ["clients/typescript/src/socket.ts", "ws"],
    ["clients/typescript/src/socket.ts", "node:events"],
    ["clients/typescript/src/rooms/rooms.ts", "clients/typescript/src/index.ts"],
    ["server/rooms/rooms.ts", "clients/typescript/src/rooms/index.ts"],
    ["server/rooms/rooms.ts", "server/store/lmdb/lmdb-log.ts"],
    ["bridge/fanout/room-adapter.ts", "bridge/connection.ts"],
    ["server/rooms/rooms.ts", "lmdb"],
    ["bridge/frames.ts", "node:buffer"],
    ["bridge/close-codes.ts", "bridge/frames.ts"],
    ["server/api/types.ts", "server/api/errors.ts"],
    ["server/api/errors.ts", "zod"],
    ["server/connections/handlers.ts", "server/main.ts"],
    ["bench/fanout.ts", "server/main.ts"],
  ];

  for (const [file, target] of forbidden) {
    it(`finds ${file} -> ${target}`, () => {
      expect(breaches(graph({ [file]: [target] }))).to.have.length(1);
    });
  }

  it("finds circles between folders whose files have none", () => {
    const imports = graph({ "a/x.ts": ["b/y.ts", "ws"], "b/y.ts": [], "b/z.ts": ["a/w.ts"], "a/w.ts": [] });
    expect(circles(imports)).to.be.empty;
    expect(circles(betweenFolders(imports))).to.deep.equal(["a -> b -> a"]);
  });

  it("lets through what is allowed", () => {
    const allowed = {
      "bridge/engine.ts": ["bridge/frames.ts", "ws", "node:http"],
      "server/rooms/rooms.ts": ["server/api/types.ts", "wsx"],
      "server/connections/handlers.ts": ["server/rooms/rooms.ts", "socket.io"],
      "server/index.ts": ["server/main.ts"],
      "server/main.ts": ["bridge/index.ts"],
      "clients/typescript/src/socket.ts": ["clients/typescript/src/frames.ts"],
      "server/cli/join.ts": ["clients/typescript/src/rooms/index.ts"],
      "test/server.test.ts": ["server/main.ts"],
    };
    expect(breaches(graph(allowed))).to.be.empty;
  });

  it("has each rule breached above", () => {
    const found = forbidden.flatMap(([file, target]) => breaches(graph({ [file]: [target] })));
    for (const { title } of RULES)
      expect(
        found.some((breach) => breach.startsWith(title)),
        title,
      ).to.be.true;
  });
});
