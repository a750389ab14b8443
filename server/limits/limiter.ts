/** What the services ask before they do something for a client, and the refusals that they get. */
import type { Limits } from "./limits.js";
import { refused, type Refused } from "../api/refused.js";
import { Budget, type Charge } from "./budget.js";
import { ratesOf, type RateName } from "./rates.js";
import type { Size } from "../api/size.js";

/** Binary values in what goes to a client of Socket.IO: more end its connection (socket.io-parser 4.2, `maxAttachments`). */
export const MAX_BINARIES = 10;

/** Who is counted for, as far as it matters here. */
export interface Payer {
  readonly identity: { readonly user: string; readonly guest: boolean };
  /** What the address counts as that the connection comes from. */
  readonly address: string;
}

export class Limiter {
  readonly #limits: Limits;
  readonly #budget: Budget;

  /**
   * @param uptime Milliseconds by a clock that is never set.
   * @param onRefused Told which rate a refusal was for.
   */
  constructor(limits: Limits, uptime: () => number, onRefused?: (rate: RateName) => void) {
    this.#limits = limits;
    this.#budget = new Budget(ratesOf(limits.rates, limits), uptime, onRefused);
  }

  /** A refusal of data that is too large, or has more binary values than clients take. */
  size({ bytes, binaries }: Size): Refused<"invalid_argument" | "message_too_large"> | undefined {
    const { messageBytes } = this.#limits;
    if (binaries > MAX_BINARIES) {
      return refused(
        "invalid_argument",
        `data has ${binaries} binary values; at most ${MAX_BINARIES} are taken`,
      );
    }
    if (bytes > messageBytes) {
      return refused(
        "message_too_large",
        `data has ${bytes} bytes as JSON; at most ${messageBytes} are taken`,
      );
    }
    return undefined;
  }

  /** Counts a publish, a signal or a send; a refusal if it is too large, or one too many. */
  message(
    who: Payer,
    { bytes, binaries }: Size,
    room?: string,
  ): Refused<"invalid_argument" | "message_too_large" | "rate_limited"> | undefined {
    const refusal = this.size({ bytes, binaries });
    if (refusal !== undefined) return refusal;
    const { user, guest } = who.identity;
    const charges: Charge[] = [
      { rate: "messagesOfUser", of: user, amount: 1 },
      { rate: "messagesOfAddress", of: who.address, amount: 1 },
      { rate: "bytesOfUser", of: user, amount: bytes },
      { rate: "bytesOfAddress", of: who.address, amount: bytes },
    ];
    if (room !== undefined) {
      charges.push({ rate: "messagesOfRoom", of: room, amount: 1 });
      charges.push({ rate: "bytesOfRoom", of: room, amount: bytes });
    }
    if (guest) charges.push({ rate: "bytesOfGuests", of: "", amount: bytes });
    return this.#take(charges);
  }

  /** Counts a join, and refuses it to who is in debt for what was read. */
  join(who: Payer): Refused<"rate_limited"> | undefined {
    return this.#take([...both("joins", who, 1), ...both("readBytes", who, 0)]);
  }

  /** Counts a call that reads, likewise. */
  read(who: Payer): Refused<"rate_limited"> | undefined {
    return this.#take([...both("reads", who, 1), ...both("readBytes", who, 0)]);
  }

  /** Counts what was read. */
  wasRead(who: Payer, bytes: number): void {
    this.#budget.owe(both("readBytes", who, bytes));
  }

  /** To be called now and then. */
  tidy(): void {
    this.#budget.tidy();
  }

  #take(charges: readonly Charge[]): Refused<"rate_limited"> | undefined {
    const wait = this.#budget.take(charges);
    return wait === undefined ? undefined : refused("rate_limited", undefined, wait);
  }
}

type Of<Name> = Name extends `${infer What}OfAddress` ? What : never;

/** Of what a user has, and of what the address has that the user comes from. */
function both(what: Of<RateName>, { identity, address }: Payer, amount: number): Charge[] {
  return [
    { rate: `${what}OfUser`, of: identity.user, amount },
    { rate: `${what}OfAddress`, of: address, amount },
  ];
}
