/** The orchestrator: measures one part after the other, with nothing else of its own running meanwhile. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { Context } from "./context.js";
import { nginxVersion } from "./nginx.js";
import { measureBurst } from "./parts/burst.js";
import { measureCpu } from "./parts/cpu.js";
import { measureCuts } from "./parts/cuts.js";
import { measureFast } from "./parts/fast.js";
import { measureFirst } from "./parts/first.js";
import { measureIdle } from "./parts/idle.js";
import { measureSending } from "./parts/sending.js";
import { measureSteady } from "./parts/steady.js";
import type { Results, SubjectResult } from "./results.js";
import type { Settings } from "./settings.js";

/** Rejects where anything went wrong: a message lost outside a cut among it. */
export async function run(settings: Settings, say: (line: string) => void): Promise<Results> {
  const began = performance.now();
  const context = new Context(settings, say);
  const first = await measureFirst(context);
  const { subjects: steady, pairs, proxies } = await measureSteady(context);
  const sending = await measureSending(context);
  const burst = await measureBurst(context);
  const fast = await measureFast(context);
  const cpu = await measureCpu(context);
  const idle = await measureIdle(context);
  const cuts = await measureCuts(context);
  const measured = [first, steady, sending, burst, fast, cpu, idle].flat();
  return {
    machine: {
      ...{ date: new Date().toISOString().slice(0, 10), node: process.versions.node },
      ...{ cores: availableParallelism(), cpu: cpus()[0]?.model ?? "unknown" },
      versions: versionsOf(settings),
      seconds: (performance.now() - began) / 1000,
      slip: context.slip,
    },
    settings: {
      ...{ steady: settings.steady, proxied: settings.proxied, cpuClients: settings.cpuClients },
      ...{ idleClients: settings.idleClients, instances: settings.instances, cut: settings.cut },
    },
    subjects: settings.subjects.map((name) => merged(name, measured)),
    ...(pairs === undefined ? {} : { pairs }),
    cuts,
    proxies,
  };
}

function merged(name: SubjectResult["name"], parts: readonly Partial<SubjectResult>[]): SubjectResult {
  const own = parts.filter((part) => part.name === name);
  return Object.assign({ name }, ...own) as SubjectResult;
}

/** Of the libraries that take part. */
function versionsOf({ subjects, nginx }: Settings): Record<string, string> {
  const versions: Record<string, string> = { ws: versionOf("ws"), "socket.io": versionOf("socket.io") };
  if (subjects.includes("webrtc")) versions["@roamhq/wrtc"] = versionOf("@roamhq/wrtc");
  if (nginx !== undefined) versions["nginx"] = nginxVersion(nginx);
  return versions;
}

/** Not every package exports its package.json: it is read where Node looks for the package. */
function versionOf(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const files = folders.map((folder) => join(folder, name, "package.json"));
  const file = files.find((path) => existsSync(path));
  if (file === undefined) throw new Error(`the package ${name} is not installed`);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
