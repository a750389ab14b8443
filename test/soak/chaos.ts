/** Carries a plan of faults out. The owner of their timers. */
import type { Random } from "../support/random.js";
import type { Companions } from "./clients/companions.js";
import type { Device } from "./clients/device.js";
import type { Planned, Step } from "./plan.js";
import type { Link, TcpProxy } from "./proxy.js";
import type { Recorder } from "./records.js";
import type { ServerProcess } from "./server/server-process.js";

export interface Victims {
  proxy: TcpProxy;
  server: ServerProcess;
  devices: readonly Device[];
  companions: Companions;
}

export class Chaos {
  readonly #victims: Victims;
  readonly #recorder: Recorder;
  readonly #random: Random;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** The kill that was the last one, up to when the server listens again. */
  #restarted: Promise<void> = Promise.resolve();

  constructor(victims: Victims, recorder: Recorder, random: Random) {
    this.#victims = victims;
    this.#recorder = recorder;
    this.#random = random;
  }

  begin(steps: readonly Step[]): void {
    for (const step of steps) this.#later(step.at, () => this.#carryOut(step));
  }

  /** No more faults, and an end to those that last. Resolves when the server runs; rejects if one did not start again. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#victims.companions.end();
    this.#victims.proxy.heal();
    this.#victims.server.setClock(0);
    await this.#restarted;
    if (!this.#victims.server.isRunning) await this.#victims.server.start();
  }

  #carryOut(planned: Planned): void {
    switch (planned.fault) {
      case "kill":
        // A server that takes long to come back is not killed before it has.
        if (!this.#victims.server.isReady) return;
        this.#restarted = this.#restart(planned.downFor);
        this.#restarted.catch(() => undefined); // whoever waits for the end hears of it
        break;
      case "clock":
        if (!this.#victims.server.isReady) return;
        this.#recorder.write({ kind: "fault", fault: "clock", detail: `off by ${planned.by} ms` });
        this.#victims.server.setClock(planned.by);
        this.#later(planned.lasts, () => this.#victims.server.setClock(0));
        break;
      case "reload":
        this.#victims.devices[Math.floor(planned.on * this.#victims.devices.length)]?.reload();
        break;
      case "double":
      case "visit": {
        // One who comes while the server is down never gets in.
        if (!this.#victims.server.isReady) return;
        const { companions } = this.#victims;
        const { name, close } =
          planned.fault === "double"
            ? companions.double(planned.on, planned.acks)
            : companions.visit(planned.leaves);
        this.#recorder.write({
          kind: "fault",
          fault: planned.fault,
          detail: `${name} for ${planned.lasts} ms`,
        });
        this.#later(planned.lasts, close);
        break;
      }
      default: {
        const links = this.#victims.proxy.links;
        const link = links[Math.floor(planned.on * links.length)];
        if (link === undefined) return;
        this.#recorder.write({ kind: "fault", fault: planned.fault, detail: this.#hurt(link, planned) });
      }
    }
  }

  #hurt(link: Link, planned: Extract<Planned, { on: number; fault: "cut" | "stall" | "delay" }>): string {
    switch (planned.fault) {
      case "cut":
        link.cut(planned.how);
        return planned.how;
      case "stall":
        link.stall(planned.direction);
        this.#later(planned.lasts, () => link.resume());
        return `${planned.direction} for ${planned.lasts} ms`;
      case "delay":
        link.delay(planned.direction, () => this.#random.below(planned.upTo));
        this.#later(planned.lasts, () => link.delay("both", undefined));
        return `${planned.direction} by up to ${planned.upTo} ms`;
    }
  }

  async #restart(downFor: number): Promise<void> {
    const { server } = this.#victims;
    this.#recorder.write({ kind: "fault", fault: "kill", detail: `down for ${downFor} ms` });
    await server.kill();
    await new Promise<void>((resolve) => void setTimeout(resolve, downFor));
    await server.start();
  }

  #later(milliseconds: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, milliseconds);
    this.#timers.add(timer);
  }
}
