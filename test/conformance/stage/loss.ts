/** How a client loses its connection on the stage. */
import type { Cut, TcpProxy } from "../../soak/proxy.js";
import type { TransportName } from "../scenario.js";

/** Milliseconds that a session over HTTP outlasts its connections on the stage's servers. */
export const RESUME_TIMEOUT = 1_000;

/** Milliseconds without a network, after which neither side can go on with a session. */
const OUTAGE = RESUME_TIMEOUT + 300;

export class Loss {
  readonly #proxy: TcpProxy;
  readonly #transport: TransportName;
  #outage: NodeJS.Timeout | undefined;
  #over = (): void => undefined;
  /** Resolves when there is a network again. */
  back: Promise<void> = Promise.resolve();

  constructor(proxy: TcpProxy, transport: TransportName) {
    this.#proxy = proxy;
    this.#transport = transport;
  }

  /**
   * Cuts all connections that go through the proxy. A session over HTTP would go on by others: there is no network, then, until it is lost. `port`:
   * where the server is.
   */
  cut(port: number, how: Cut = "rst"): void {
    if (this.#transport !== "websocket") {
      this.#proxy.setTarget({ port: 1 }); // nobody is there
      this.end();
      this.back = new Promise((resolve) => (this.#over = resolve));
      this.#outage = setTimeout(() => {
        this.#proxy.setTarget({ port });
        this.#over();
      }, OUTAGE);
    }
    for (const link of this.#proxy.links) link.cut(how);
  }

  end(): void {
    clearTimeout(this.#outage);
    this.#over();
  }
}
