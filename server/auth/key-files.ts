/** The keys that the configuration names, read from their files. */
import type { AuthConfig } from "../config/config.js";
import { ConfigError } from "../config/config-error.js";
import type { ReadText } from "../config/read.js";
import { jwksSource, type JwksOptions } from "./jwks.js";
import { publicKeySource, secretSource, type KeySource } from "./keys.js";

/** The operator's keys; none where none are configured. Throws a ConfigError that names the file and says what to do. */
export async function loadKeys(
  auth: AuthConfig,
  readText: ReadText,
  jwks: JwksOptions,
): Promise<KeySource[]> {
  const { publicKeyFile, jwksFile } = auth;
  const secret = secretText(auth, readText);
  return [
    ...(secret === undefined ? [] : [secretSource(secret.text, secret.from)]),
    ...(publicKeyFile === undefined
      ? []
      : [publicKeySource(read(publicKeyFile, "--jwt-public-key (JWT_PUBLIC_KEY)", readText), publicKeyFile)]),
    ...(jwksFile === undefined ? [] : [await jwksSource(jwksFile, jwks)]),
  ];
}

/** The secret that is shared with whoever signs, and where it comes from; undefined if there is none. */
export function secretText(
  { secret, secretFile }: AuthConfig,
  readText: ReadText,
): { text: string; from: string } | undefined {
  if (secret !== undefined) return { text: secret, from: "JWT_SECRET" };
  if (secretFile === undefined) return undefined;
  const text = read(secretFile, "--jwt-secret-file (JWT_SECRET_FILE)", readText);
  // Editors and `openssl rand` end the file with a line feed, which nobody means.
  return { text: text.replace(/\r?\n$/, ""), from: secretFile };
}

function read(path: string, setting: string, readText: ReadText): string {
  try {
    return readText(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${setting}: ${path} cannot be read (${reason})`, { cause: error });
  }
}
