/** The settings of a manager, which may be changed while it runs, and its events. */

import { Emitter } from "./emitter.js";
import type { ManagerOptions } from "./options.js";
import type { TransportName } from "./transport.js";
import type { CloseDetails, CloseReason, LifecycleSettings } from "./lifecycle.js";

/** The events of the manager, named as socket.io-client's. */
export interface ManagerReservedEvents {
  open: () => void;
  /** A connection attempt failed, or the server refused a frame, or sent one that is malformed. */
  error: (error: Error) => void;
  /** There is a connection, by this way; or its stream has become polls. */
  transport: (name: TransportName) => void;
  /** A WebSocket ping came; only where the WebSocket class tells (the one of `ws`). */
  ping: () => void;
  close: (reason: CloseReason, details?: CloseDetails) => void;
  reconnect_attempt: (attempt: number) => void;
  reconnect: (attempt: number) => void;
  reconnect_error: (error: Error) => void;
  reconnect_failed: () => void;
}

/** Getters and setters, one method each, as in socket.io-client; the options of the same names say what they mean. */
export class Settings extends Emitter<ManagerReservedEvents> {
  /** @internal */
  readonly settings: LifecycleSettings;

  constructor(options: Partial<ManagerOptions>) {
    super();
    this.settings = {
      reconnection: options.reconnection !== false,
      // Zero means the default, as in socket.io-client.
      reconnectionAttempts: options.reconnectionAttempts || Infinity,
      reconnectionDelay: options.reconnectionDelay || 1000,
      reconnectionDelayMax: options.reconnectionDelayMax || 5000,
      randomizationFactor: options.randomizationFactor ?? 0.5,
      timeout: options.timeout ?? 20_000,
    };
  }

  reconnection(): boolean;
  reconnection(value: boolean): this;
  reconnection(value?: boolean): this | boolean {
    return this.#getOrSet("reconnection", value);
  }

  reconnectionAttempts(): number;
  reconnectionAttempts(value: number): this;
  reconnectionAttempts(value?: number): this | number {
    return this.#getOrSet("reconnectionAttempts", value);
  }

  reconnectionDelay(): number;
  reconnectionDelay(value: number): this;
  reconnectionDelay(value?: number): this | number {
    return this.#getOrSet("reconnectionDelay", value);
  }

  reconnectionDelayMax(): number;
  reconnectionDelayMax(value: number): this;
  reconnectionDelayMax(value?: number): this | number {
    return this.#getOrSet("reconnectionDelayMax", value);
  }

  randomizationFactor(): number;
  randomizationFactor(value: number): this;
  randomizationFactor(value?: number): this | number {
    return this.#getOrSet("randomizationFactor", value);
  }

  timeout(): number | false;
  timeout(value: number | false): this;
  timeout(value?: number | false): this | number | false {
    return this.#getOrSet("timeout", value);
  }

  #getOrSet<Name extends keyof LifecycleSettings>(
    name: Name,
    value: LifecycleSettings[Name] | undefined,
  ): this | LifecycleSettings[Name] {
    if (value === undefined) return this.settings[name];
    this.settings[name] = value;
    return this;
  }
}
