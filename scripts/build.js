// Builds everything into dist/: one tsc run, then the demo's static files.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

// From nothing, so that a test whose source was deleted cannot still run.
rmSync("dist", { recursive: true, force: true });
try {
  execFileSync(process.execPath, [tsc], { stdio: "inherit" });
} catch {
  process.exit(1); // tsc has printed what is wrong
}
cpSync("clients/demo", "dist/clients/demo", {
  recursive: true,
  filter: (path) => !path.endsWith(".ts"),
});
chmodSync("dist/server/main.js", 0o755);
