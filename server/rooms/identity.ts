/** Who makes a call. Imports nothing. */

export interface Identity {
  /** The same at every connect of the same user. */
  user: string;
  /** For people to see; not unique. */
  name: string;
  guest: boolean;
  /** All claims of the token; empty where there was none. */
  claims: Readonly<Record<string, unknown>>;
  /** The claim `jti`: what the token can be revoked by. */
  tokenId?: string;
  /** The claims `iat` and `exp`, in milliseconds since the Unix epoch. */
  issuedAt?: number;
  /** When this server gave the token, by its store's clock. */
  stamp?: number;
  expiresAt?: number;
}
