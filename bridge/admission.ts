/** The way in, for WebSockets and over HTTP alike: address, origin, number of connections, turn, and whoever else has a say. */
import type { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { addressGroup } from "./addresses.js";
import { REFUSALS, type Refusal } from "./close-codes.js";
import { EngineError, type Engine } from "./host.js";
import type { ConnectionCounter } from "./limits.js";
import type { ParsedOptions } from "./options.js";
import { decide, isOriginAllowed, type Admission, type Decision } from "./upgrade.js";
import type { UpgradeQueue } from "./upgrade-queue.js";

/** Milliseconds between two looks at whether the server closes, while a hook is asked about a request. */
const CLOSING_CHECK = 100;

/** A client that wants to come in, and how it is answered. */
export interface Applicant {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** For middlewares; they get one of their own where there is none. */
  readonly response?: ServerResponse;
  /** What says "close" when the client has gone, or was answered. */
  readonly life: EventEmitter;
  /** What `handshake.query` has as `transport`. */
  readonly transport: "websocket" | "polling";
  refuse(refusal: Refusal, message?: string): void;
  /** It is let in. Its place is given back when `life` ends, until it is kept. */
  admit(admission: Admission, address: string, keepPlace: () => void): void;
  /** It must wait: for its turn, or for a hook. */
  onWait?(reason: "turn" | "hook"): void;
  /** It waits no more. */
  onTurn?(): void;
}

export interface AdmissionsOptions {
  readonly options: ParsedOptions;
  readonly counter: ConnectionCounter;
  readonly upgrades: UpgradeQueue;
  /** Socket.IO's engine of the time. */
  readonly engine: () => Engine;
  readonly isClosing: () => boolean;
  /** Undefined where the application's hook fails, for want of a proxy's header, say. */
  readonly addressOf: (request: IncomingMessage) => string | undefined;
}

export class Admissions {
  readonly #parts: AdmissionsOptions;

  constructor(parts: AdmissionsOptions) {
    this.#parts = parts;
  }

  /** Refuses or admits an applicant, at once or later; neither, if it has gone by then. */
  ask(applicant: Applicant): void {
    const { options, counter, upgrades, addressOf } = this.#parts;
    const { request, socket, life } = applicant;
    const address = addressOf(request);
    if (address === undefined) return this.refuse(applicant, REFUSALS.forbidden);
    if (!isOriginAllowed(request, options.allowedOrigins)) {
      return this.refuse(applicant, REFUSALS.originNotAllowed);
    }
    const group = addressGroup(address);
    const place = counter.add(group);
    if (place !== "added") {
      return this.refuse(
        applicant,
        place === "full" ? REFUSALS.tooManyConnections : REFUSALS.tooManyFromAddress,
      );
    }
    // Until the connection is there, the place is given back when the client is gone, whatever becomes of the request.
    const release = (): void => counter.remove(group);
    life.once("close", release);
    const carryOut = (decision: Decision): void => {
      const admission = this.#admit(applicant, decision);
      if (admission === undefined) return;
      applicant.admit(admission, address, () => life.removeListener("close", release));
    };
    const turn = upgrades.add(socket, () => {
      applicant.onTurn?.();
      setQuery(request, applicant.transport);
      const decision = decide(request, socket, this.#parts.engine(), options, applicant.response);
      if (decision instanceof Promise) this.#await(decision, applicant, carryOut);
      else carryOut(decision);
    });
    if (turn === "waits") applicant.onWait?.("turn");
    if (turn === "full") this.refuse(applicant, REFUSALS.overloaded);
  }

  /** Refuses an applicant, and tells the application so. */
  refuse(applicant: Pick<Applicant, "request" | "refuse">, refusal: Refusal, message?: string): void {
    applicant.refuse(refusal, message);
    this.#parts.engine().emit("connection_error", {
      req: applicant.request,
      code: refusal.status === 400 ? EngineError.BAD_REQUEST : EngineError.FORBIDDEN,
      message: message ?? refusal.description,
      context: { name: refusal.code },
    });
  }

  /** Waits for hooks, but not past the server's end: `io.close()` waits for all sockets. */
  #await(decision: Promise<Decision>, applicant: Applicant, carryOut: (decided: Decision) => void): void {
    applicant.onWait?.("hook");
    const settle = (decided: Decision): void => {
      if (watch === undefined) return;
      clearInterval(watch);
      watch = undefined;
      applicant.onTurn?.();
      carryOut(decided);
    };
    let watch: NodeJS.Timeout | undefined = setInterval(() => {
      if (this.#parts.isClosing()) settle({ refusal: REFUSALS.shuttingDown });
    }, CLOSING_CHECK);
    void decision.then(settle);
  }

  /** Carries a decision out; undefined where the request is refused, or its client has gone. */
  #admit(applicant: Applicant, decision: Decision): Admission | undefined {
    const { socket, response } = applicant;
    if (socket.destroyed || response?.destroyed === true) return undefined;
    // While the hooks were asked, the server may have begun to close.
    if (this.#parts.isClosing()) {
      this.refuse(applicant, REFUSALS.shuttingDown);
      return undefined;
    }
    if ("refusal" in decision) {
      this.refuse(applicant, decision.refusal, decision.message);
      return undefined;
    }
    return decision;
  }
}

/**
 * Socket.IO reads `handshake.query` from here (socket.io 4.8, Socket.buildHandshake). Its own clients have these two there, and
 * applications switch on them: the bridge speaks for revision 4 of Engine.IO, over a WebSocket or over HTTP.
 */
function setQuery(request: IncomingMessage, transport: Applicant["transport"]): void {
  const { searchParams } = new URL(request.url ?? "", "http://localhost");
  Object.assign(request, { _query: { ...Object.fromEntries(searchParams), EIO: "4", transport } });
}
