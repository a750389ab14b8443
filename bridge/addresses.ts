/** Which addresses count as one. */
import ipaddr from "ipaddr.js";

/** The groups of an IPv6 address that name a network: whoever has one address has the other 2^64 of its /64 too. */
const NETWORK_GROUPS = 4;

/**
 * What an address counts as, wherever something of an address is counted: itself for IPv4, also where it is written as
 * IPv6 (`::ffff:192.0.2.1`), its /64 for IPv6, and anything else, which an application made up, itself.
 */
export function addressGroup(address: string): string {
  if (!address.includes(":") || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!("parts" in parsed)) return parsed.toString();
  const network = parsed.parts.slice(0, NETWORK_GROUPS).map((part) => part.toString(16));
  return `${network.join(":")}::/64`;
}
