/** What keeps the server from starting, in words that say what to do. Pure. */
import type { Config } from "../config/config.js";

export function explainListenError(error: unknown, { host, port }: Pick<Config, "host" | "port">): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use; stop the program that has it, or give another with --port or PORT (0 for any)`;
    case "EACCES":
      return `this user may not listen on port ${port}; give one from 1024 up with --port or PORT, or allow this one`;
    case "EADDRNOTAVAIL":
      return `${host} is no address of this machine; give one with --host or HOST (0.0.0.0 for all)`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host name ${host} cannot be looked up; give an address of this machine with --host or HOST`;
    default:
      return `cannot listen on ${host}, port ${port}: ${messageOf(error)}`;
  }
}

export function explainTlsError(error: unknown, { cert, key }: { cert: string; key: string }): string {
  switch (codeOf(error)) {
    case "ENOENT":
      return `there is no file ${pathOf(error)}; check --cert and --key (TLS_CERT, TLS_KEY)`;
    case "EACCES":
      return `this user may not read ${pathOf(error)}; change its permissions, or run as a user who may`;
    case "EISDIR":
      return `--cert and --key (TLS_CERT, TLS_KEY) must name files, and one of them is a folder`;
    case "ERR_OSSL_X509_KEY_VALUES_MISMATCH":
      return `the key in ${key} is not that of the certificate in ${cert}; give the two that belong together`;
    default:
      return `the certificate in ${cert} with the key in ${key} cannot be used (both must be PEM): ${messageOf(error)}`;
  }
}

function codeOf(error: unknown): string | undefined {
  return isObject(error) && typeof error["code"] === "string" ? error["code"] : undefined;
}

function pathOf(error: unknown): string {
  return isObject(error) && typeof error["path"] === "string" ? error["path"] : "(unknown)";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
