/** An nginx on the stage: one address, behind which its settings change as when somebody reloads them. */
import { Nginx } from "../../support/nginx.js";
import { TcpProxy } from "../../soak/proxy.js";

const SETTINGS = {
  // As it comes: HTTP/1.0 to the server, and no Upgrade.
  "refuses WebSockets": [],
  // What an administrator sets who wants all answers whole.
  "holds answers back": ["proxy_ignore_headers X-Accel-Buffering;"],
  // As nginx's own page on WebSockets has it.
  "lets WebSockets through": [
    "proxy_http_version 1.1;",
    "proxy_set_header Upgrade $http_upgrade;",
    'proxy_set_header Connection "upgrade";',
  ],
};

export type NginxSetting = keyof typeof SETTINGS;

export class NginxProxy {
  readonly #nginx: Nginx;
  readonly #address: TcpProxy;

  private constructor(nginx: Nginx, address: TcpProxy) {
    this.#nginx = nginx;
    this.#address = address;
  }

  /** Refuses WebSockets at first. */
  static async start(target: number): Promise<NginxProxy> {
    const nginx = await Nginx.start(target, SETTINGS);
    return new NginxProxy(nginx, await TcpProxy.listen({ port: nginx.port("refuses WebSockets") }));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#address.port}`;
  }

  /** What is new comes by this setting; what is there goes on. */
  set(setting: NginxSetting): void {
    this.#address.setTarget({ port: this.#nginx.port(setting) });
  }

  async close(): Promise<void> {
    await this.#address.close();
    await this.#nginx.stop();
  }
}
