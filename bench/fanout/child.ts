/** The orchestrator's side of the child processes: a server under test, and the receivers. */
import { Child } from "../shared/child.js";
import type { Usage } from "../shared/usage.js";
import type { Entry, ReceiverQuestion, ServerQuestion } from "./protocol.js";

/** A server under test, in a process of its own. */
export class ServerProcess {
  readonly #child: Child<ServerQuestion>;

  private constructor(
    child: Child<ServerQuestion>,
    /** The port on 127.0.0.1 that it listens on. */
    readonly port: number,
  ) {
    this.#child = child;
  }

  static async start(name: string, program: string, args: readonly string[]): Promise<ServerProcess> {
    const child = new Child<ServerQuestion>(name, program, args);
    return new ServerProcess(child, (await child.hello).port);
  }

  broadcast(ticks: number, burst: number): Promise<object> {
    return this.#child.ask({ ask: "broadcast", ticks, burst });
  }

  usage(options: { gc: boolean } = { gc: false }): Promise<Usage> {
    return this.#child.ask({ ask: "usage", ...options });
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}

/** The process with the receivers of all servers. */
export class Receivers {
  readonly #child: Child<ReceiverQuestion>;

  private constructor(child: Child<ReceiverQuestion>) {
    this.#child = child;
  }

  static async start(script: string): Promise<Receivers> {
    const child = new Child<ReceiverQuestion>("receivers", process.execPath, [script]);
    await child.hello;
    return new Receivers(child);
  }

  connect(group: string, entry: Entry, port: number, count: number): Promise<object> {
    return this.#child.ask({ ask: "connect", group, entry, port, count });
  }

  expect(group: string, bytes: number): Promise<object> {
    return this.#child.ask({ ask: "expect", group, bytes, deadline: 30_000 });
  }

  drop(group: string): Promise<object> {
    return this.#child.ask({ ask: "drop", group });
  }

  end(): Promise<void> {
    return this.#child.end();
  }
}
