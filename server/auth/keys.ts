/** What tokens are verified with. The algorithms that are taken follow from the key, never from the token. */
import { createPublicKey, type KeyObject } from "node:crypto";
import type { CryptoKey } from "jose";
import { ConfigError } from "../config/config-error.js";

/** The two fields of a token's header by which its key is found. Nothing in it is verified. */
export interface TokenHeader {
  alg: string;
  kid?: string;
}

/** Keys of one origin. */
export interface KeySource {
  /** What `alg` a token may have to be verified here. */
  readonly algorithms: readonly string[];
  /** The key for a token whose `alg` is one of those; undefined if there is none for it. */
  find(header: TokenHeader): KeyObject | Uint8Array | undefined | Promise<CryptoKey | KeyObject | undefined>;
}

/** Bytes that a secret must have for an algorithm: those of the hash (RFC 7518, 3.2). */
const SECRET_BYTES = { HS256: 32, HS384: 48, HS512: 64 } as const;

/** Bits of the shortest RSA key (RFC 7518, 3.3). */
const RSA_BITS = 2048;

const PKCS1_ALGORITHMS = ["RS256", "RS384", "RS512"];
const PSS_ALGORITHMS = ["PS256", "PS384", "PS512"];

/** By OpenSSL's names (RFC 7518, 3.4). */
const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/**
 * A secret that the operator shares with whoever signs the tokens: its bytes are those of the text.
 * @param from Where it is configured, for the error.
 */
export function secretSource(secret: string, from: string): KeySource {
  const bytes = Buffer.from(secret, "utf8");
  const algorithms = Object.entries(SECRET_BYTES)
    .filter(([, least]) => bytes.length >= least)
    .map(([algorithm]) => algorithm);
  if (algorithms.length === 0) {
    throw new ConfigError(
      `${from}: the secret has ${bytes.length} bytes, and could be guessed from a token. Give at least ` +
        `${SECRET_BYTES.HS256} random ones (48 for HS384, 64 for HS512), as of: openssl rand -hex 32`,
    );
  }
  return { algorithms, find: () => bytes };
}

/** A public key: PEM with an SPKI or RSA public key, or a certificate. */
export function publicKeySource(pem: string, path: string): KeySource {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new ConfigError(
      `${path} has a private key, which must not leave the one who signs. Give its public key: ` +
        `openssl pkey -in ${path} -pubout`,
    );
  }
  const key = readPem(pem, path);
  const algorithms = algorithmsOf(key, path);
  if (algorithms.length === 0) {
    throw new ConfigError(
      `${path}: no signatures of JWTs are made with a key of this type (${String(key.asymmetricKeyType)}). ` +
        `Give an RSA key, an EC key of P-256, P-384 or P-521, or an Ed25519 key`,
    );
  }
  return { algorithms, find: () => key };
}

/** The algorithms of a public key; none if it is of another type. Throws a ConfigError where it is too short. */
export function algorithmsOf(key: KeyObject, from: string): readonly string[] {
  const { namedCurve = "", modulusLength = RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < RSA_BITS) {
    throw new ConfigError(`${from}: the RSA key has ${modulusLength} bits; give one of ${RSA_BITS} or more`);
  }
  switch (key.asymmetricKeyType) {
    case "rsa":
      return [...PKCS1_ALGORITHMS, ...PSS_ALGORITHMS];
    case "rsa-pss":
      return PSS_ALGORITHMS;
    case "ec":
      return [CURVE_ALGORITHMS[namedCurve] ?? []].flat();
    case "ed25519":
      return ["EdDSA", "Ed25519"];
    default:
      return [];
  }
}

function readPem(pem: string, path: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (error) {
    throw new ConfigError(
      `${path} is not a public key. Give a PEM file, which begins with -----BEGIN PUBLIC KEY-----`,
      { cause: error },
    );
  }
}
