/** An nginx in front of a server, with one port for each way to set it. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endProcess } from "./end-process.js";
import { freePort } from "./free-port.js";
import { toolPath } from "./machine.js";

/** Milliseconds that it may take to listen. */
const START = 10_000;

export class Nginx {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(process: ChildProcess, folder: string, ports: ReadonlyMap<string, number>) {
    this.#process = process;
    this.#folder = folder;
    this.#ports = ports;
  }

  /** @param ways Directives of a location that leads to `target`, a port, by a name. */
  static async start(target: number, ways: Readonly<Record<string, readonly string[]>>): Promise<Nginx> {
    const program = toolPath("nginx");
    if (program === undefined) throw new Error("there is no nginx");
    const folder = await mkdtemp(join(tmpdir(), "crossroom-nginx-"));
    const ports = new Map<string, number>();
    const servers: string[] = [];
    for (const [name, directives] of Object.entries(ways)) {
      const port = await freePort();
      ports.set(name, port);
      const lines = [`proxy_pass http://127.0.0.1:${target};`, ...directives].join("\n");
      servers.push(`server { listen 127.0.0.1:${port}; location / { ${lines} } }`);
    }
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
      .join("\n");
    await writeFile(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${join(folder, "pid")}; error_log stderr crit;
       events { worker_connections 256; }
       http { access_log off; ${temporary} ${servers.join("\n")} }`,
    );
    const child = spawn(program, ["-e", "stderr", "-p", folder, "-c", join(folder, "nginx.conf")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const nginx = new Nginx(child, folder, ports);
    try {
      await nginx.#listening();
    } catch (error) {
      await nginx.stop();
      throw error;
    }
    return nginx;
  }

  port(way: string): number {
    return this.#ports.get(way) ?? 0;
  }

  stop(): Promise<void> {
    return endProcess(this.#process, this.#folder);
  }

  async #listening(): Promise<void> {
    const end = performance.now() + START;
    for (const port of this.#ports.values()) {
      while (!(await isOpen(port))) {
        if (performance.now() > end || this.#process.exitCode !== null)
          throw new Error("nginx did not start");
      }
    }
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
