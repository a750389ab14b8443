/** The lines that a person sees when the server is up. Pure. */
import type { NetworkInterfaceInfo } from "node:os";
import { DEFAULT_CONFIG, type Config } from "../config/config.js";

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/**
 * @param config With the port that is really listened on.
 * @param command What starts this program in a shell.
 */
export function banner(config: Config, interfaces: Interfaces, command: string): string {
  const urls = addresses(config.host, interfaces).map((host) => url(config, host));
  const [first = "", ...others] = urls;
  const ws = first.replace(/^http/, "ws");
  const lines = [
    `Crossroom is listening on ${first}`,
    ...others.map((other) => `                      and ${other}`),
    ...(config.demo ? [`  Demo page    ${first}/`] : []),
    `  Socket.IO    ${first}  (path /socket.io/)`,
    `  WebSocket    ${ws}/bridge`,
    `  Data         ${config.data ?? "in memory: gone when the server stops"}`,
    `  Tokens       ${tokens(config, command)}`,
    "Ctrl+C stops it.",
  ];
  return `${lines.join("\n")}\n`;
}

/** Who may come in, and what makes a token where the server has the key for it. */
function tokens({ auth, data }: Config, command: string): string {
  const { secret, secretFile, publicKeyFile, jwksFile } = auth;
  const guests = auth.guests ? "; guests may come without" : "";
  if (secret !== undefined || secretFile !== undefined) return `signed with the secret${guests}`;
  const file = publicKeyFile ?? jwksFile;
  if (file !== undefined) return `signed with the key of ${file}${guests}`;
  if (data === undefined) return `none: give a secret or a data folder${guests}`;
  const where = data === DEFAULT_CONFIG.data ? "" : ` --data ${data}`;
  return `${command} token${where} --user ada${guests}`;
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
