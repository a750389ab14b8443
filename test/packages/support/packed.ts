/** The packages as `npm publish` would send them, unpacked in a folder of their own. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Their folders, by their names. */
export const PACKAGES = {
  "@crossroom/bridge": "bridge",
  "@crossroom/client": "clients/typescript",
  crossroom: "server",
} as const;

export type PackageName = keyof typeof PACKAGES;
export const NAMES = Object.keys(PACKAGES) as PackageName[];

export interface Packed {
  /** The archive that is sent. */
  readonly archive: string;
  /** Paths of the files in it. */
  readonly files: readonly string[];
}

interface Manifest {
  version: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** What a package's package.json says. */
export function manifestOf(name: PackageName): Manifest & Record<string, unknown> {
  return JSON.parse(readFileSync(join(PACKAGES[name], "package.json"), "utf8")) as Manifest &
    Record<string, unknown>;
}

/** All of them, each built from nothing and packed as `npm publish` does it: once for all tests, and kept until the process ends. */
export class PackedPackages {
  static #made: PackedPackages | undefined;

  private constructor(
    readonly folder: string,
    readonly packed: Readonly<Record<PackageName, Packed>>,
  ) {}

  /** Takes half a minute, the first time. */
  static get(): PackedPackages {
    this.#made ??= this.#make();
    return this.#made;
  }

  static #make(): PackedPackages {
    const folder = mkdtempSync(join(tmpdir(), "crossroom-packages-"));
    process.once("exit", () => rmSync(folder, { recursive: true }));
    const packed = NAMES.map((name) => [name, pack(PACKAGES[name], folder)]);
    return new PackedPackages(folder, Object.fromEntries(packed) as Record<PackageName, Packed>);
  }

  /**
   * A folder that uses some of them: unpacked, beside links to what they depend on, and to nothing else but `others`. So what is not
   * declared is not found, and no network is needed.
   */
  consumer(title: string, names: readonly PackageName[], others: readonly string[] = []): string {
    const folder = join(this.folder, title);
    const modules = join(folder, "node_modules");
    const wanted = new Set(others);
    for (const name of names) {
      const target = join(modules, name);
      mkdirSync(target, { recursive: true });
      execFileSync("tar", ["-xzf", this.packed[name].archive, "--strip-components=1", "-C", target]);
      const { dependencies = {}, peerDependencies = {} } = manifestOf(name);
      for (const needed of Object.keys({ ...dependencies, ...peerDependencies })) wanted.add(needed);
    }
    for (const name of wanted) {
      const target = join(modules, name);
      if (existsSync(target)) continue;
      mkdirSync(dirname(target), { recursive: true });
      symlinkSync(resolve("node_modules", name), target);
    }
    writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
    return folder;
  }
}

function pack(from: string, into: string): Packed {
  const args = ["pack", "--json", "--pack-destination", into, "--workspace", from];
  const said = execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [{ filename, files }] = JSON.parse(said) as [{ filename: string; files: { path: string }[] }];
  return { archive: join(into, filename), files: files.map(({ path }) => path) };
}
