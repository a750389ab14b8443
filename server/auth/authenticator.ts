/** Who a connection is: by its token, or as a guest. */
import { z } from "zod";
import { ownCopy, withoutPrototype } from "../own-properties/own-properties.js";
import { apiError } from "../api/errors.js";
import type { Authenticate, AuthOutcome } from "./authenticate.js";
import type { Identity } from "../rooms/identity.js";
import { describe } from "../api/describe.js";
import { MAX_NAME, nameSchema } from "../api/values.js";
import type { GuestTokens } from "../store/guest-tokens.js";
import type { Revocations } from "../store/revocations.js";
import { giveToken } from "./issue.js";
import { createVerifier, refused, type VerifiedToken, type VerifierOptions } from "./verifier.js";
import { when } from "./when.js";

export interface AuthenticatorOptions extends VerifierOptions {
  /** Whether one may come without a token. */
  guests: boolean;
  /** Whether visitors of the demo page may sign in by naming themselves; only where there are guests. */
  demo: boolean;
  revocations: Pick<Revocations, "has">;
  guestTokens: Pick<GuestTokens, "show">;
  /** An older token of this guest came back: the guest's sessions are to end, with this message. */
  guestEnded: (user: string, message: string) => void;
  /** 64 random bits as 16 lowercase hexadecimal digits. */
  randomHex: () => string;
}

/** The users that this server makes; nobody else may vouch for one. */
export const GUEST_USER = /^guest-[0-9a-f]{16}$/;
export const DEMO_USER_PREFIX = "demo-";

const COPIED =
  "This guest has ended: an older token came back, so that somebody has a copy of it, or the guest was revoked. Come again without a token.";

const authSchema = z.object({ token: z.unknown(), name: z.unknown() }).partial();

/**
 * Judges tokens of the operator's keys and of the server's own, and takes guests in. A guest gets a token with every verdict,
 * good for 30 days from then and until the next one is shown. Guests and visitors of the demo have no claims, whatever their tokens say.
 * Who need not be asked about of the store, and has no token of the operator's keys, is judged at once, without a promise.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticate {
  const { ownKey, guests, revocations, guestTokens, guestEnded, now, randomHex } = options;
  const demo = options.demo && guests;
  const verify = createVerifier(options);

  function admitGuest(user: string, name: string | undefined, number: number): AuthOutcome {
    const issuedAt = now();
    const tokenId = randomHex();
    const token = giveToken(ownKey, "guests", options, { user, id: tokenId, claims: { number } });
    const shown = name ?? `Guest ${user.slice("guest-".length).slice(0, 4)}`;
    // No `expiresAt`: the token is to come back with, and has just been given; the session does not end with it.
    return { ok: true, identity: { user, name: shown, guest: true, claims: {}, tokenId, issuedAt }, token };
  }

  async function readmitGuest(
    { user, claims }: VerifiedToken,
    name: string | undefined,
  ): Promise<AuthOutcome> {
    const { number } = claims;
    const shown = await guestTokens.show(user, typeof number === "number" ? number : 0);
    if (shown.type === "good") return admitGuest(user, name, shown.next);
    if (shown.type === "copied") guestEnded(user, COPIED);
    return { ok: false, error: apiError("token_revoked", COPIED) };
  }

  function admitUser(token: VerifiedToken, name: string | undefined): AuthOutcome {
    const { user, claims, backing, tokenId, issuedAt, stamp, expiresAt } = token;
    const guest = backing === "demo";
    const identity: Identity = {
      user,
      name: shownName(claims["name"]) ?? name ?? fitName(user),
      guest,
      claims: guest ? {} : claims,
      ...(tokenId === undefined ? {} : { tokenId }),
      ...(issuedAt === undefined ? {} : { issuedAt }),
      ...(stamp === undefined ? {} : { stamp }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    return { ok: true, identity };
  }

  /** Why a token that is genuine is not taken; undefined if it is. */
  function problemWith({ backing, user, tokenId, issuedAt, stamp }: VerifiedToken): AuthOutcome | undefined {
    if (backing === "guests" && !guests)
      return refused("this server takes no guests; connect with a token of its users");
    if (backing === "demo" && !demo)
      return refused("this server takes no visitors of a demo; connect with a token of its users");
    if (backing !== "guests" && guests && GUEST_USER.test(user)) {
      return refused(`the user ${user} is a guest's; give the token another "sub"`);
    }
    if (backing !== "demo" && demo && user.startsWith(DEMO_USER_PREFIX)) {
      return refused(
        `users that begin with ${DEMO_USER_PREFIX} are the demo's; give the token another "sub", or turn the demo off`,
      );
    }
    const facts = {
      user,
      ...(tokenId === undefined ? {} : { id: tokenId }),
      ...(issuedAt === undefined ? {} : { issuedAt }),
      ...(stamp === undefined ? {} : { stamp }),
    };
    return revocations.has(facts) ? { ok: false, error: apiError("token_revoked") } : undefined;
  }

  return (credentials) => {
    const auth = authSchema.safeParse(ownCopy(credentials.auth));
    const given: z.output<typeof authSchema> = withoutPrototype(auth.success ? auth.data : {});
    let name: string | undefined;
    if (given.name !== undefined && given.name !== null) {
      const checked = nameSchema.safeParse(given.name);
      if (!checked.success) {
        return { ok: false, error: apiError("invalid_argument", describe(checked.error, "auth.name")) };
      }
      name = checked.data;
    }
    const token = given.token ?? credentials.token;
    if (token === undefined) {
      return guests
        ? admitGuest(`guest-${randomHex()}`, name, 1)
        : { ok: false, error: apiError("unauthorized") };
    }
    if (typeof token !== "string") return refused("auth.token must be a string");
    return when(verify(token), (verified) => {
      if (!verified.ok) return verified;
      const problem = problemWith(verified);
      if (problem !== undefined) return problem;
      return verified.backing === "guests" ? readmitGuest(verified, name) : admitUser(verified, name);
    });
  };
}

/** What of a token's claim `name` can be shown: who signs tokens knows other limits. Undefined if nothing can. */
function shownName(claim: unknown): string | undefined {
  if (typeof claim !== "string") return undefined;
  const name = fitName(claim.replace(/\p{Cc}+/gu, " ").replace(/\p{Cs}/gu, ""));
  return name === "" ? undefined : name;
}

/** Cut to the length of a name, between characters. */
function fitName(text: string): string {
  const cut = text.trim().slice(0, MAX_NAME);
  return cut.replace(/\p{Cs}$/u, "").trim();
}
