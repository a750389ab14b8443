/** What the socket shows at each connect: the application's own `auth`, a token, the device, and a name. */
import type { RoomsOptions, SocketLike } from "./api.js";
import { backoffDelay } from "./backoff.js";
import type { Environment } from "./environment.js";
import { toError } from "../shared/user-code.js";
import type { Maybe } from "./later.js";
import type { TokenSource } from "./reconnect-policy.js";

type AuthData = Record<string, unknown>;
type Give = (data: AuthData) => void;

export interface CredentialsView {
  /** This device's id. */
  device(): Maybe<string>;
  /** The newest token that the server gave to this guest. */
  guestToken(): Maybe<string | undefined>;
  /** Getting credentials failed, and is tried again. */
  failed(error: Error): void;
  /** The application's function says that there will be no token any more. */
  exhausted(error: Error): void;
}

/** Of the questions of a socket only the last one is answered, and none whose connection is gone. */
export class Credentials {
  readonly #socket: SocketLike;
  readonly #options: Pick<RoomsOptions, "token" | "name">;
  readonly #environment: Environment;
  readonly #view: CredentialsView;
  /** Of the token that was shown last. */
  source: TokenSource = "none";

  readonly #original: unknown;
  #question = 0;
  #stopTimer = (): void => undefined;

  constructor(
    socket: SocketLike,
    options: Pick<RoomsOptions, "token" | "name">,
    environment: Environment,
    view: CredentialsView,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#environment = environment;
    this.#view = view;
    this.#original = socket.auth;
    socket.auth = (give: Give): void => this.#ask(give, 0);
  }

  /** A token to go on with, if there is a function that gets one. */
  async renewed(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === "function" ? await token() : undefined;
  }

  /** No answer is wanted any more. */
  withdraw(): void {
    this.#question++;
    this.#stopTimer();
  }

  /** Leaves the socket as it was. */
  restore(): void {
    this.withdraw();
    this.#socket.auth = this.#original;
  }

  #ask(give: Give, failures: number): void {
    this.withdraw();
    const question = this.#question;
    const isOpen = (): boolean => question === this.#question;
    this.#collect().then(
      (data) => {
        if (isOpen()) give(data);
      },
      (thrown: unknown) => {
        if (!isOpen()) return;
        const error = toError(thrown);
        if ((error as { retryable?: unknown }).retryable === false) {
          this.#view.exhausted(error);
          return;
        }
        const delay = backoffDelay(failures + 1, this.#environment.random());
        this.#stopTimer = this.#environment.after(delay, () => this.#ask(give, failures + 1));
        this.#view.failed(error);
      },
    );
  }

  async #collect(): Promise<AuthData> {
    const { name } = this.#options;
    const device = await this.#view.device();
    const own = await appAuth(this.#original);
    const { token, source } = await this.#token(own["token"]);
    this.source = source;
    return {
      ...own,
      ...(name === undefined ? {} : { name }),
      ...(token === undefined ? {} : { token }),
      device,
    };
  }

  async #token(own: unknown): Promise<{ token?: unknown; source: TokenSource }> {
    const { token } = this.#options;
    if (typeof token === "function") return { token: await token(), source: "provider" };
    if (token !== undefined) return { token, source: "fixed" };
    if (own !== undefined)
      return { token: own, source: typeof this.#original === "function" ? "provider" : "fixed" };
    const guestToken = await this.#view.guestToken();
    return guestToken === undefined ? { source: "none" } : { token: guestToken, source: "guest" };
  }
}

/** What the application had set as `auth`: an object, or a function that answers to a callback or by its result. */
async function appAuth(auth: unknown): Promise<AuthData> {
  const data = typeof auth === "function" ? await answerOf(auth as (give: Give) => unknown) : auth;
  return typeof data === "object" && data !== null ? (data as AuthData) : {};
}

function answerOf(auth: (give: Give) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const result = auth(resolve);
    if (result instanceof Promise) result.then(resolve, reject);
    // A function without a parameter can only answer by its result, even if that is undefined.
    else if (result !== undefined || auth.length === 0) resolve(result);
  });
}
