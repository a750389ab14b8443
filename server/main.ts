#!/usr/bin/env node
/** The program: configuration, wiring, start and shutdown. The only place that reads the process's surroundings. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createRequire } from "node:module";
import { networkInterfaces } from "node:os";
import { pino, type Logger } from "pino";
import { banner } from "./banner.js";
import { parseConfig, type Config } from "./config.js";
import { createRoomsServer, type RoomsServer } from "./rooms-server.js";
import { explainListenError, explainTlsError } from "./start-errors.js";

/** Exit code for what the user can put right: a wrong option, a port in use, a file that cannot be read. */
const EXIT_USAGE = 2;

/** Milliseconds for clients and requests to go in good order at shutdown. */
const SHUTDOWN_TIMEOUT = 5_000;

const { version } = createRequire(import.meta.url)("crossroom/package.json") as { version: string };
const parsed = parseConfig(process.argv.slice(2), process.env, version);
if (parsed.type === "run") {
  start(parsed.config);
} else {
  (parsed.exitCode === 0 ? process.stdout : process.stderr).write(parsed.output);
  process.exitCode = parsed.exitCode;
}

function start(config: Config): void {
  // Synchronous, so that the last lines before an exit are not lost.
  const log = pino({ level: config.logLevel }, pino.destination({ fd: 2, sync: true }));
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, event);
      process.exit(1);
    });
  }
  const httpServer = makeHttpServer(config);
  if (httpServer === undefined) return;
  const server = createRoomsServer(httpServer, {
    log,
    demo: config.demo,
    ...(config.allowedOrigins === undefined ? {} : { allowedOrigins: config.allowedOrigins }),
  });
  stopOnSignals(server, log);
  httpServer.once("error", (error) => fail(explainListenError(error, config)));
  httpServer.listen(config.port, config.host, () => {
    const address = httpServer.address();
    const port = typeof address === "object" && address !== null ? address.port : config.port;
    process.stdout.write(banner({ ...config, port }, networkInterfaces()));
    log.debug({ port, host: config.host }, "listening");
  });
}

function makeHttpServer({ tls }: Config): Server | undefined {
  if (tls === undefined) return createServer();
  try {
    return createTlsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) });
  } catch (error) {
    fail(explainTlsError(error, tls));
    return undefined;
  }
}

function fail(message: string): void {
  process.stderr.write(`error: ${message}\n`);
  process.exit(EXIT_USAGE);
}

function stopOnSignals(server: RoomsServer, log: Logger): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1); // asked twice: somebody is in a hurry
    stopping = true;
    log.info({ signal }, "stopping");
    const timer = setTimeout(() => {
      log.warn("some connections would not go in time: cutting them");
      process.exit(0);
    }, SHUTDOWN_TIMEOUT);
    void server.close().then(() => {
      clearTimeout(timer);
      process.exit(0);
    });
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
}
