/** The crate as crates.io would get it: it must compile by itself, and cargo must have nothing to say. */
import type { Counts } from "../setup/counts.js";
import { type Sdk, step } from "./sdks.js";
import { runStep } from "./steps.js";
import { type Say, verdict } from "./verdict.js";

/** Files that the crate must bring. */
const REQUIRED = ["Cargo.toml", "LICENSE", "README.md", "src/lib.rs"];

export async function checkPackage(sdk: Sdk, say: Say): Promise<Counts> {
  const trouble = await pack(sdk);
  return verdict(say, `${sdk.title}: cargo package`, trouble, { good: "is clean", bad: "is not clean" });
}

async function pack({ folder, env = {} }: Sdk): Promise<string | undefined> {
  const outputs: string[] = [];
  const cargoPackage = (...args: string[]) =>
    runStep({ ...step("cargo", "package", "--locked", "--allow-dirty", ...args), env }, folder, outputs);
  return (
    (await cargoPackage("--list")) ??
    missing(outputs.join("")) ??
    (await cargoPackage()) ??
    warnings(outputs.join(""))
  );
}

/** Of what `cargo package --list` prints. */
export function missing(list: string): string | undefined {
  const files = new Set(list.split("\n"));
  const left = REQUIRED.filter((file) => !files.has(file));
  return left.length === 0 ? undefined : `it has no ${left.join(" and no ")}`;
}

/** Of what `cargo package` says. */
export function warnings(output: string): string | undefined {
  const lines = output.split("\n").filter((line) => line.startsWith("warning:"));
  return lines.length === 0 ? undefined : lines.join("\n");
}
