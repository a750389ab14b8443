/** Goes on with a new token before the old one runs out, while the connection lasts (docs/rooms-api.md, 10.4). */
import { backoffDelay } from "./backoff.js";
import type { CallOutcome } from "./calls.js";
import type { Environment } from "./environment.js";
import { toError } from "../shared/user-code.js";
import type { Results } from "./wire.js";

export interface RenewalView {
  /** undefined where there is nothing that gets tokens. */
  newToken(): Promise<string | undefined>;
  refresh(token: string, done: (outcome: CallOutcome<Results["refresh"]>) => void): void;
  refreshed(expiresAt: number | undefined): void;
  failed(error: Error): void;
}

export class Renewal {
  readonly #environment: Environment;
  readonly #view: RenewalView;
  /** Counts what was begun or stopped: late answers are those of an earlier generation. */
  #generation = 0;
  #failures = 0;
  #stopTimer = (): void => undefined;

  constructor(environment: Environment, view: RenewalView) {
    this.#environment = environment;
    this.#view = view;
  }

  start(): void {
    this.stop();
    this.#failures = 0;
    this.#attempt();
  }

  stop(): void {
    this.#generation++;
    this.#stopTimer();
  }

  #attempt(): void {
    const generation = this.#generation;
    this.#view.newToken().then(
      (token) => {
        if (generation === this.#generation && token !== undefined) this.#show(token);
      },
      (thrown: unknown) => {
        if (generation === this.#generation) this.#later(toError(thrown));
      },
    );
  }

  #show(token: string): void {
    const generation = this.#generation;
    this.#view.refresh(token, (outcome) => {
      if (generation !== this.#generation) return;
      if (outcome.type === "ok") this.#view.refreshed(outcome.result.expiresAt);
      else if (outcome.type === "timeout") this.#show(token);
      // Where it is refused for good, the server ends the session in time, and a reconnect asks for another token.
      else if (outcome.type === "refused" && !outcome.error.retryable) this.#view.failed(outcome.error);
      else if (outcome.type === "refused") this.#later(outcome.error);
    });
  }

  #later(error: Error): void {
    const delay = backoffDelay(++this.#failures, this.#environment.random());
    this.#stopTimer = this.#environment.after(delay, () => this.#attempt());
    this.#view.failed(error);
  }
}
