/** Asks the user's `auth` for credentials, and asks again after it failed. */

import { backoffDelay } from "./backoff.js";
import type { Environment } from "./environment.js";
import { toError } from "./shared/user-code.js";
import type { Auth } from "./options.js";
import type { LifecycleSettings } from "./lifecycle.js";

type AuthData = Record<string, unknown> | undefined;

/**
 * Of one question at most one answer counts: the first, and only until the question was withdrawn or asked anew.
 * A failure is retried as that of a connection is, with the same delays; other namespaces are left in peace.
 */
export class Credentials {
  readonly #environment: Environment;
  readonly #settings: Readonly<LifecycleSettings>;
  readonly #socket: {
    readonly auth: Auth | undefined;
    given(data: AuthData): void;
    failed(error: Error): void;
  };
  #question = 0;
  #failures = 0;
  #stopTimer = (): void => undefined;

  constructor(
    environment: Environment,
    settings: Readonly<LifecycleSettings>,
    socket: {
      readonly auth: Auth | undefined;
      given(data: AuthData): void;
      failed(error: Error): void;
    },
  ) {
    this.#environment = environment;
    this.#settings = settings;
    this.#socket = socket;
  }

  ask(): void {
    this.withdraw();
    const { auth } = this.#socket;
    const question = this.#question;
    const isOpen = (): boolean => question === this.#question;
    const give = (data: unknown): void => {
      if (!isOpen()) return;
      if (data !== undefined && !isObject(data)) return fail(new TypeError("auth is not an object"));
      this.#question++;
      this.#failures = 0;
      this.#socket.given(data);
    };
    const fail = (thrown: unknown): void => {
      if (!isOpen()) return;
      this.#question++;
      this.#retryLater();
      this.#socket.failed(toError(thrown));
    };
    if (typeof auth !== "function") return give(auth);
    const settle = (result: unknown): void => {
      // A function without a parameter can only answer by its result, even if that is undefined.
      if (result !== undefined || auth.length === 0) give(result);
    };
    try {
      const result = auth(give);
      if (result instanceof Promise) result.then(settle, fail);
      else settle(result);
    } catch (thrown) {
      fail(thrown);
    }
  }

  /** No answer is wanted any more. */
  withdraw(): void {
    this.#question++;
    this.#stopTimer();
  }

  #retryLater(): void {
    const { reconnection, reconnectionAttempts } = this.#settings;
    if (!reconnection || this.#failures >= reconnectionAttempts) {
      this.#failures = 0;
      return;
    }
    const ms = backoffDelay(this.#failures++, this.#settings, this.#environment.random());
    this.#stopTimer = this.#environment.after(ms, () => this.ask());
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
