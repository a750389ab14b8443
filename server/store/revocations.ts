/** The port of tokens that are not to be taken any more. */

/** A token id (`jti`), or all of a user's tokens that were issued before a moment. */
export type Revocation =
  | { type: "token"; id: string }
  | {
      type: "user";
      user: string;
      /** Milliseconds since the Unix epoch. */
      issuedBefore: number;
      /** The same by the store's clock, for tokens with a stamp of it. Without, `issuedBefore` is for them too. */
      stampedBefore?: number;
    };

export interface TokenFacts {
  user: string;
  /** The claim `jti`. */
  id?: string;
  /** The claim `iat`, in milliseconds since the Unix epoch; a token without counts as issued at 0. */
  issuedAt?: number;
  /** When this server gave it, by the store's clock. */
  stamp?: number;
}

/** Guarantee: `add` resolves when the revocation is durable. */
export interface Revocations {
  /** @param until By the store's clock, after which it may be forgotten: no such token is valid by then. */
  add(revocation: Revocation, until: number): Promise<void>;
  /** Synchronous, as it is asked at every connect: implementations keep them all in memory. */
  has(token: TokenFacts): boolean;
}
