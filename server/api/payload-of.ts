/** The data that a program gives, looked at as a client's is. */
import { lookAt } from "./data-look.js";
import { Payload } from "./payload.js";
import { RoomsError } from "./rooms-error.js";

/** Its own type does not say that there is no JSON of some values. */
const stringify: (value: unknown) => string | undefined = JSON.stringify;

/** @throws RoomsError "invalid_argument" for what is no JSON, or is nested too deep. */
export function payloadOf(data: unknown): Payload {
  if (data === undefined) throw new RoomsError("invalid_argument", "data is missing");
  const look = lookAt(data);
  if (look.fault !== undefined) throw new RoomsError("invalid_argument", `data ${look.fault}`);
  const payload = new Payload(data, look);
  try {
    // Of a function, a symbol or a BigInt there is no JSON, and then no size.
    const text = payload.text ?? stringify(data);
    if (text !== undefined) return payload;
  } catch (cause) {
    throw new RoomsError("invalid_argument", `data is no JSON: ${String(cause)}`, { cause });
  }
  throw new RoomsError("invalid_argument", "data is no JSON");
}
