/** What is in the packages, and what those who check packages say of them. */
import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { manifestOf, NAMES, PackedPackages, PACKAGES, type PackageName } from "./support/packed.js";

/** Where the sources are: one constant for all manifests, in all languages. */
const REPOSITORY = "https://github.com/crossroom/crossroom";

function archiveOf(path: string): ArrayBuffer {
  return Uint8Array.from(readFileSync(path)).buffer;
}

/** What there must be for the sources of a package. */
function madeOf(name: PackageName): string[] {
  const from = { ...PACKAGES, "@crossroom/client": "clients/typescript/src" }[name];
  const modules = readdirSync(from, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !/^(dist|node_modules)\//.test(path))
    .map((path) => path.replace(/\.ts$/, ""));
  const folders = name === "crossroom" ? ["dist"] : ["dist", "dist/cjs"];
  const made = folders.flatMap((folder) =>
    modules.flatMap((module) => [`${folder}/${module}.js`, `${folder}/${module}.d.ts`]),
  );
  return name === "crossroom" ? [...made, "dist/public/index.html", "dist/public/main.js"] : made;
}

describe("the packages", function () {
  this.timeout(180_000);
  let made: PackedPackages;
  before(() => {
    made = PackedPackages.get();
  });

  for (const name of NAMES) {
    describe(name, () => {
      it("holds what was compiled, its page and its licence, and nothing else", () => {
        const allowed =
          /^(dist\/[\w./-]+\.(js|d\.ts)|dist\/cjs\/package\.json|dist\/public\/[\w-]+\.(html|css|svg|js|json)|rooms\/package\.json|README\.md|LICENSE|package\.json)$/;
        const { files } = made.packed[name];
        expect(files.filter((path) => !allowed.test(path))).to.deep.equal([]);
        expect(files).to.include.members(["LICENSE", "README.md", ...madeOf(name)]);
      });

      it("has the repository's licence and version, and says where its sources are", () => {
        const manifest = manifestOf(name);
        expect(readFileSync(join(PACKAGES[name], "LICENSE"), "utf8")).to.equal(
          readFileSync("LICENSE", "utf8"),
        );
        expect(manifest).to.deep.include({
          version: manifestOf("crossroom").version,
          license: "MIT",
          engines: { node: ">=20.19" },
          homepage: `${REPOSITORY}#readme`,
          repository: { type: "git", url: `git+${REPOSITORY}.git`, directory: PACKAGES[name] },
        });
      });

      it("has no fault that publint knows", async () => {
        const { messages, pkg } = await publint({
          pack: { tarball: archiveOf(made.packed[name].archive) },
          strict: true,
        });
        expect(messages.map((message) => formatMessage(message, pkg))).to.deep.equal([]);
      });

      it("has types that every resolver of TypeScript finds, and that are true, as far as attw can see", () => {
        const attw = join("node_modules", ".bin", "attw");
        // The server is an ES module alone, which require() takes on all releases of Node.js that are let in.
        const profile = name === "crossroom" ? ["--config-path", join(PACKAGES[name], ".attw.json")] : [];
        const { status, stdout, stderr } = spawnSync(attw, [made.packed[name].archive, ...profile], {
          encoding: "utf8",
        });
        expect(status, stdout + stderr).to.equal(0);
      });
    });
  }

  it("are for their audience: a client without dependencies, a bridge without a store, a server on top", () => {
    expect(manifestOf("@crossroom/client")).to.not.have.any.keys("dependencies", "peerDependencies");
    expect(manifestOf("@crossroom/bridge").peerDependencies).to.deep.equal({ "socket.io": "^4.6.0" });
    expect(manifestOf("@crossroom/bridge").dependencies).to.have.all.keys(
      "@types/ws",
      "ipaddr.js",
      "socket.io-adapter",
      "ws",
    );
    expect(manifestOf("crossroom").dependencies).to.include({
      "@crossroom/bridge": manifestOf("@crossroom/bridge").version,
      "@crossroom/client": manifestOf("@crossroom/client").version,
    });
  });

  it("has a command line", () => {
    const folder = made.consumer("command-line", NAMES);
    const main = join(folder, "node_modules/crossroom/dist/main.js");
    const version = execFileSync(process.execPath, [main, "--version"], { encoding: "utf8" }).trim();
    expect(version).to.equal(manifestOf("crossroom").version);
  });
});
