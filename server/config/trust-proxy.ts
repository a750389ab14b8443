/** Whose word is taken on a client's address: which proxies stand in front, by the meaning that Express gave it. */
import type { IncomingMessage } from "node:http";
import proxyAddr from "proxy-addr";

/** Proxies by address, by subnet (`10.0.0.0/8`), by name (`loopback`, `linklocal`, `uniquelocal`), or how many there are. */
export type TrustProxy = number | readonly string[];

export type AddressOf = (request: IncomingMessage) => string;

/** @throws TypeError for what is no address, subnet or name. */
export function createAddressOf(trusted: TrustProxy): AddressOf {
  const trust =
    typeof trusted === "number"
      ? (_address: string, hop: number): boolean => hop < trusted
      : proxyAddr.compile([...trusted]);
  return (request) => proxyAddr(request, trust);
}

/** Whether all items are addresses, subnets or names. */
export function isTrustProxy(trusted: TrustProxy): boolean {
  try {
    createAddressOf(trusted);
    return true;
  } catch {
    return false;
  }
}

/** The setting as a person writes it: a count, or names with commas between. Undefined where it is neither. */
export function parseTrustProxy(text: string): TrustProxy | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const items = text.split(",").map((item) => item.trim());
  return isTrustProxy(items) ? items : undefined;
}
