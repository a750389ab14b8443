/** The orchestrator: measures one part after the other, with nothing else of its own running meanwhile. */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { Context, Stage } from "./context.js";
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
import { SUBJECTS } from "./subjects.js";

/** Rejects where anything went wrong: a message lost outside a cut among it. */
export async function run(settings: Settings, say: (line: string) => void): Promise<Results> {
  const began = performance.now();
  const elapsed = () => `${String(Math.round((performance.now() - began) / 1000)).padStart(3)} s`;
  const context = new Context(settings, (line) => say(`${elapsed()}  ${line}`));
  const { steady, ...small } = await Stage.with(context, async (stage) => {
    // All servers at once: each takes a part of a second to begin.
    await Promise.all(settings.subjects.map((name) => stage.server(SUBJECTS[name].server, name)));
    return {
      first: await measureFirst(context, stage),
      steady: await measureSteady(context, stage),
      sending: await measureSending(context, stage),
      burst: await measureBurst(context, stage),
      fast: await measureFast(context, stage),
      cpu: await measureCpu(context, stage),
    };
  });
  const idle = await measureIdle(context);
  const cuts = await measureCuts(context);
  const { subjects, pairs, proxies } = steady;
  const { first, sending, burst, fast, cpu } = small;
  const measured = [first, subjects, sending, burst, fast, cpu, idle].flat();
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
