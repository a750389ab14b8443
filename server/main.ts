#!/usr/bin/env node
/** The program: commands, wiring, start and shutdown. The only place that reads the process's surroundings. */
import "./own-properties/hide-inherited.js";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createRequire } from "node:module";
import { networkInterfaces } from "node:os";
import { basename, relative } from "node:path";
import { pino, type Logger } from "pino";
import { apiKeyFile, apiKeyPath, readKeys } from "./auth/api-key-file.js";
import { loadKeys } from "./auth/key-files.js";
import { loadOwnKey, newOwnKey } from "./auth/own-key.js";
import { createPolicy } from "./rules/create-policy.js";
import { createRoomSettings } from "./rules/create-room-settings.js";
import { ruleOverlaps } from "./rules/rule-overlaps.js";
import { banner } from "./cli/banner.js";
import { addBackupCommands } from "./cli/backup.js";
import { addInspectCommand } from "./cli/inspect.js";
import { addJoinCommand } from "./cli/join.js";
import { runProgram } from "./cli/program.js";
import { addPublishCommand } from "./cli/publish.js";
import { addSendCommand } from "./cli/send.js";
import type { ProcessContext } from "./cli/process-context.js";
import { ConfigError } from "./config/config-error.js";
import type { Config } from "./config/config.js";
import { createMemoryStore, createRoomsServer, storeOptions } from "./index.js";
import type { RoomsServer, Store, StoreOptions } from "./index.js";
import { explainListenError, explainTlsError } from "./cli/start-errors.js";
import { exposureOf } from "./store/lmdb/data-folder.js";
import { openLmdbStore } from "./store/lmdb/lmdb-store.js";
import "./own-properties/show-inherited.js";

/** Milliseconds for clients and requests to go in good order at shutdown. */
const SHUTDOWN_TIMEOUT = 5_000;

const { version } = createRequire(import.meta.url)("crossroom/package.json") as { version: string };
const readText = (path: string): string => readFileSync(path, "utf8");
const now = Date.now;

const context: ProcessContext = {
  env: process.env,
  version,
  readText,
  print: (text) => void process.stdout.write(text),
  printError: (text) => void process.stderr.write(text),
  start,
  check,
  now,
};
/** Whether the program goes on when nobody reads what it prints any more. */
let isServing = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // The reader has gone, as `head` does.
  if (error.code !== "EPIPE") throw error;
  if (!isServing) process.exit();
});
const others = [addJoinCommand, addPublishCommand, addSendCommand, addInspectCommand, addBackupCommands];
process.exitCode = await runProgram(process.argv.slice(2), context, others);

/** Throws a ConfigError where a file that the configuration names cannot be used. */
async function check(config: Config): Promise<void> {
  makeHttpServer(config);
  createPolicy(config.rules);
  createRoomSettings(config.rules);
  for (const overlap of ruleOverlaps(config.rules.rooms)) context.printError(`warning: ${overlap}\n`);
  readKeys(apiKeyPath(config) ?? "");
  await loadKeys(config.auth, readText, {
    now,
    warn: (message) => context.printError(`warning: ${message}\n`),
  });
}

async function start(config: Config): Promise<void> {
  isServing = true;
  // Synchronous, so that the last lines before an exit are not lost.
  const log = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }));
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      process.exit(1);
    });
  }
  const { auth, data, demo, rules, limits, inboxAge, presenceGrace, allowedOrigins, trustProxy } = config;
  const { httpBridge, resumeTimeout } = config;
  const httpServer = makeHttpServer(config);
  const keys = await loadKeys(auth, readText, { now, warn: (message) => log.warn(message) });
  const ownKey = data === undefined ? newOwnKey() : await loadOwnKey(data);
  for (const overlap of ruleOverlaps(rules.rooms)) log.warn(overlap);
  const roomSettings = createRoomSettings(rules);
  const store = await openStore(config, storeOptions({ roomSettings, inboxAge, now }));
  const exposure = data === undefined ? undefined : exposureOf(data);
  if (exposure !== undefined) log.warn(exposure);
  const keyFile = apiKeyPath(config);
  const server = createRoomsServer(httpServer, {
    store,
    tokens: { ...auth, keys, ownKey },
    policy: createPolicy(rules),
    ...{ roomSettings, limits, inboxAge, presenceGrace, demo, log, now },
    bridge: { http: httpBridge && { resumeTimeout } },
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    ...(keyFile === undefined
      ? {}
      : { apiKeys: apiKeyFile(keyFile, (error) => log.error({ err: error }, "the keys of the HTTP API")) }),
  });
  try {
    await listen(httpServer, config);
  } catch (error) {
    await store.close();
    throw error;
  }
  stopOnSignals(server, store, log);
  const address = httpServer.address();
  const port = typeof address === "object" && address !== null ? address.port : config.port;
  process.stdout.write(banner({ ...config, port }, networkInterfaces(), command()));
  log.debug({ port, host: config.host }, "listening");
}

/** As the user may type it: by its name if it is on the PATH, or else by its file. */
function command(): string {
  const script = process.argv[1] ?? "crossroom";
  return script.endsWith(".js") ? `node ${relative(process.cwd(), script)}` : basename(script);
}

async function openStore({ data, maxDiskBytes }: Config, options: StoreOptions): Promise<Store> {
  if (data === undefined) return createMemoryStore(options);
  return openLmdbStore(data, {
    ...options,
    ...(maxDiskBytes === undefined ? {} : { maxBytes: maxDiskBytes }),
  });
}

function makeHttpServer({ tls }: Config): Server {
  if (tls === undefined) return createServer();
  try {
    return createTlsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) });
  } catch (error) {
    throw new ConfigError(explainTlsError(error, tls), { cause: error });
  }
}

function listen(httpServer: Server, config: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => reject(new ConfigError(explainListenError(error, config)));
    httpServer.once("error", onError);
    httpServer.listen(config.port, config.host, () => {
      httpServer.off("error", onError);
      resolve();
    });
  });
}

function stopOnSignals(server: RoomsServer, store: Store, log: Logger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // Asked twice: somebody is in a hurry. `process.exit` would wait for what LMDB is writing, at times for ever.
    if (stopping) process.kill(process.pid, "SIGKILL");
    stopping = true;
    log.info({ signal }, "stopping");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        log.warn("some connections would not go in time: cutting them");
        resolve();
      }, SHUTDOWN_TIMEOUT);
    });
    void Promise.race([server.close({ http: true }), late])
      .finally(() => clearTimeout(timer))
      .then(() => store.close())
      .then(() => process.exit(0));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
}
