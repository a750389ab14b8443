/** What one connection must see, frame by frame: the oracle's verdict together with the namespaces that it is in. Pure. */
import { judge, judgeBinary, countBinary, type Accepted } from "./oracle.js";

/** An `error` or `pong` that must come, in the order of the frames that called for it. */
export type Reply =
  | { type: "error"; codes: readonly string[]; id: number | undefined; cause: string }
  | { type: "pong"; data: unknown; cause: string };

/** An `ack` that must come. */
export interface ExpectedAck {
  ns: string;
  id: number;
  /** The JSON of its args; undefined where Socket.IO's encoder does not keep them as they are. */
  args: string | undefined;
  cause: string;
}

export type Outcome =
  /** Nothing changes but what is listed. */
  | { kind: "plain"; reply?: Reply; ack?: ExpectedAck; event?: true }
  /** The server answers with an error and closes with 4409. */
  | { kind: "fatal"; codes: readonly string[] }
  /** A namespace is asked for: `connected` or `connect_error`. */
  | { kind: "connect"; ns: string; answer: "connected" | "connect_error" }
  | { kind: "disconnect"; ns: string };

/** Namespaces where the server under test accepts everybody. */
const OPEN: readonly string[] = ["/", "/other"];

export class SessionModel {
  readonly #namespaces = new Map<string, "connected" | "ended">();

  /** The client was told that it is connected, or that it is not. */
  settle(ns: string, answer: "connected" | "connect_error"): void {
    this.#namespaces.set(ns, answer === "connected" ? "connected" : "ended");
  }

  leave(ns: string): void {
    this.#namespaces.delete(ns);
  }

  /** What must follow a text message. */
  expect(text: string): Outcome {
    const verdict = judge(text);
    if (verdict.kind === "accept") return this.#accepted(verdict.frame, text);
    return { kind: "plain", reply: { type: "error", codes: verdict.codes, id: verdict.id, cause: text } };
  }

  #accepted(frame: Accepted, cause: string): Outcome {
    if (frame.type === "ping") {
      return { kind: "plain", reply: { type: "pong", data: frame.data, cause } };
    }
    const { ns } = frame;
    const state = this.#namespaces.get(ns);
    if (frame.type === "connect") {
      if (state === "connected") return { kind: "fatal", codes: ["already_connected"] };
      return { kind: "connect", ns, answer: OPEN.includes(ns) ? "connected" : "connect_error" };
    }
    if (state === undefined) return { kind: "fatal", codes: ["not_connected"] };
    if (frame.type === "disconnect")
      return state === "connected" ? { kind: "disconnect", ns } : { kind: "plain" };
    if (state === "ended" && frame.type === "ack") return { kind: "plain" };
    const fault = state === "ended" ? "namespace_closed" : judgeBinary(frame.args);
    if (fault !== undefined) {
      return { kind: "plain", reply: { type: "error", codes: [fault], id: frame.id, cause } };
    }
    if (frame.type === "ack") return { kind: "plain" };
    if (frame.id === undefined) return { kind: "plain", event: true };
    return { kind: "plain", event: true, ack: { ns, id: frame.id, args: echo(frame.args, cause), cause } };
  }
}

/** Socket.IO's encoder loses a key `__proto__` in what holds binary values (socket.io-parser 4.2, deconstructPacket). */
function echo(args: unknown[], text: string): string | undefined {
  return text.includes("__proto__") && countBinary(args) > 0 ? undefined : JSON.stringify(args);
}
