/** Centrifugo: built on demand into .cache/ where Go is, never a dependency; and started with its memory engine. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, connect, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** The newest 6.x that the Go module proxy had in November 2026. */
export const CENTRIFUGO_VERSION = "v6.9.1";

const MODULE = "github.com/centrifugal/centrifugo/v6";
const FOLDER = resolve(".cache", "centrifugo", CENTRIFUGO_VERSION);
const PROGRAM = join(FOLDER, "centrifugo");

/** Milliseconds for it to listen, and between two tries. */
const START_TIMEOUT = 30_000;
const RETRY_INTERVAL = 50;

/** Finds or builds it. Where that is not possible, throws what is missing and how to get it. */
export function findCentrifugo(say: (line: string) => void): string {
  if (existsSync(PROGRAM)) return PROGRAM;
  const go = `go install ${MODULE}@${CENTRIFUGO_VERSION}`;
  if (spawnSync("go", ["version"]).status !== 0) {
    throw new Error(`there is no Go here; put a centrifugo ${CENTRIFUGO_VERSION} at ${PROGRAM}`);
  }
  say(`building Centrifugo into .cache/centrifugo: ${go}; this takes some minutes, once`);
  mkdirSync(FOLDER, { recursive: true });
  const { status, stderr } = spawnSync("go", go.split(" ").slice(1), {
    env: { ...process.env, GOBIN: FOLDER },
    encoding: "utf8",
  });
  if (status === 0) return PROGRAM;
  throw new Error(`it could not be built: ${go}: ${stderr.trim().split("\n").at(-1) ?? "unknown"}`);
}

/** Anonymous clients may come in without a token, and do what guests of Crossroom may. */
function configOf(port: number, presence: boolean): object {
  const forAll = (action: string) => ({ [`${action}_for_client`]: true, [`${action}_for_anonymous`]: true });
  return {
    http_server: { address: "127.0.0.1", port },
    log: { level: "error" },
    client: {
      allow_anonymous_connect_without_token: true,
      // So far apart that none falls into a run.
      ...{ ping_interval: "900s", pong_timeout: "800s" },
    },
    channel: {
      without_namespace: {
        ...{ presence, join_leave: presence },
        // As Crossroom's by default: messages, and 7 days.
        ...{ history_size: 10_000, history_ttl: "168h" },
        ...{ ...forAll("allow_subscribe"), ...forAll("allow_publish"), ...forAll("allow_presence") },
      },
    },
  };
}

export interface Started {
  pid: number;
  port: number;
  end(): Promise<void>;
}

/** Resolves when it listens. */
export async function startCentrifugo(
  program: string,
  { folder, presence }: { folder: string; presence: boolean },
): Promise<Started> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "centrifugo.json");
  writeFileSync(config, JSON.stringify(configOf(port, presence)));
  const child = spawn(program, ["--config", config], { stdio: ["ignore", process.stderr, process.stderr] });
  // It asks nobody whether the orchestrator is still there.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const end = async () => {
    kill();
    await ended;
    process.off("exit", kill);
  };
  const deadline = performance.now() + START_TIMEOUT;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await end();
      throw new Error(
        `Centrifugo does not listen; its configuration was ${JSON.stringify(configOf(port, presence))}`,
      );
    }
    await delay(RETRY_INTERVAL);
  }
  return { pid: child.pid!, port, end };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}
