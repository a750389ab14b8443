/** The lines that a person sees when the server is up. Pure. */
import type { NetworkInterfaceInfo } from "node:os";
import type { Config } from "./config.js";

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** @param config With the port that is really listened on. */
export function banner(config: Config, interfaces: Interfaces): string {
  const urls = addresses(config.host, interfaces).map((host) => url(config, host));
  const [first = "", ...others] = urls;
  const ws = first.replace(/^http/, "ws");
  const lines = [
    `Crossroom is listening on ${first}`,
    ...others.map((other) => `                      and ${other}`),
    ...(config.demo ? [`  Demo page    ${first}/`] : []),
    `  Socket.IO    ${first}  (path /socket.io/)`,
    `  WebSocket    ${ws}/bridge`,
    "Ctrl+C stops it.",
  ];
  return `${lines.join("\n")}\n`;
}

/** What a client may use to get here. An address that means all is none that one can connect to. */
function addresses(host: string, interfaces: Interfaces): string[] {
  if (host === "127.0.0.1" || host === "::1" || host === "localhost") return ["localhost"];
  if (host !== "0.0.0.0" && host !== "::") return [host];
  const external = Object.values(interfaces)
    .flatMap((list) => list ?? [])
    .filter((info) => !info.internal && info.family === "IPv4");
  return ["localhost", ...external.map((info) => info.address)];
}

function url({ tls, port }: Config, host: string): string {
  const scheme = tls === undefined ? "http" : "https";
  const isDefault = port === (tls === undefined ? 80 : 443);
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}${isDefault ? "" : `:${port}`}`;
}
