/** nginx before servers, with a configuration, a folder and ports of its own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { UPGRADE_LINES, UPGRADE_MAP } from "./nginx-lines.js";
import type { ProxyKind } from "./results.js";

/** As most people write it first, and with the lines for WebSocket. */
const LOCATIONS: Record<ProxyKind, readonly string[]> = { proxy_pass: [], upgrade: UPGRADE_LINES };

/** Milliseconds until it listens. */
const PATIENCE = 5_000;

export class Nginx {
  readonly #process: ChildProcess;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(child: ChildProcess, ports: ReadonlyMap<string, number>) {
    this.#process = child;
    this.#ports = ports;
  }

  /** @param parent A folder that is there. @param upstreams Ports on 127.0.0.1. */
  static async start(program: string, parent: string, upstreams: readonly number[]): Promise<Nginx> {
    const folder = resolve(parent, "nginx");
    mkdirSync(folder, { recursive: true });
    const ports = new Map<string, number>();
    for (const upstream of new Set(upstreams))
      for (const kind of Object.keys(LOCATIONS) as ProxyKind[])
        ports.set(`${upstream} ${kind}`, await freePort());
    const file = join(folder, "nginx.conf");
    writeFileSync(file, configuration(folder, ports));
    const child = spawn(program, ["-c", file, "-p", folder, "-e", join(folder, "error.log")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const nginx = new Nginx(child, ports);
    try {
      for (const port of ports.values()) await listening(port);
    } catch (error) {
      await nginx.end();
      throw error;
    }
    return nginx;
  }

  portTo(upstream: number, kind: ProxyKind): number {
    const port = this.#ports.get(`${upstream} ${kind}`);
    if (port === undefined) throw new Error(`nginx does not stand before ${upstream}`);
    return port;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once("close", resolve));
    this.#process.kill("SIGTERM");
    await ended;
  }
}

/** As `nginx version: nginx/1.22.1` says it. */
export function nginxVersion(program: string): string {
  return /nginx\/(\S+)/.exec(spawnSync(program, ["-v"], { encoding: "utf8" }).stderr)?.[1] ?? "unknown";
}

/** Pure. */
export function configuration(folder: string, ports: ReadonlyMap<string, number>): string {
  const servers = [...ports].map(([key, port]) => {
    const [upstream, kind] = key.split(" ") as [string, ProxyKind];
    const lines = [`proxy_pass http://127.0.0.1:${upstream};`, ...LOCATIONS[kind]];
    return `  server { listen 127.0.0.1:${port}; location / { ${lines.join(" ")} } }`;
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `  ${name}_temp_path ${folder}/${name};`,
  );
  return [
    "daemon off;",
    // In one process, which ends when it is told to, and needs no other user.
    "master_process off;",
    `pid ${folder}/nginx.pid;`,
    `error_log ${folder}/error.log;`,
    "events { worker_connections 1024; }",
    "http {",
    "  access_log off;",
    ...temporary,
    `  ${UPGRADE_MAP}`,
    ...servers,
    "}",
    "",
  ].join("\n");
}

/** One that nobody had a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listening(port: number): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await accepts(port))) {
    if (performance.now() > deadline) throw new Error("nginx does not listen; its reason is above");
    await delay(20);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
