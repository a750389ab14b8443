/** The users' tokens. They run out in the middle of a longer run, so that they are refreshed under the faults too. */
import { SignJWT } from "jose";
import { SECRET } from "../server/settings.js";

/** Milliseconds. A client is warned a minute before the end. */
const LIFETIME = 75_000;

export function tokenOf(user: string): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(user)
    .setExpirationTime(new Date(Date.now() + LIFETIME))
    .sign(Buffer.from(SECRET));
}
