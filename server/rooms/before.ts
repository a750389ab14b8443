/** What an application may look at before it is done: to refuse it, or to change the data. */
import { payloadOf } from "../api/payload-of.js";
import type { Payload } from "../api/payload.js";
import { refused, type Refused } from "../api/refused.js";
import { RoomsError } from "../api/rooms-error.js";
import type { Transport } from "../api/types.js";
import type { Limiter } from "../limits/limiter.js";
import type { Caller } from "./outcome.js";

/** The client that asks. */
export interface AskingClient {
  user: string;
  name: string;
  guest: boolean;
  /** All claims of the token. */
  claims: Readonly<Record<string, unknown>>;
  sid: string;
  /** An IPv4 address, or the /64 of an IPv6 one. */
  address: string;
  transport: Transport;
  /** What the client named its device with, if it did. */
  device?: string;
}

/** Takes the place of what the client sent. */
export interface Rewritten {
  data: unknown;
}

type Answer<Result> = Result | Promise<Result>;

/** Nothing leaves the data as it is. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function without `return` is of this type
type Rewriting = Answer<Rewritten | undefined | void>;

/**
 * Hooks of the application, asked after the server's own rules and limits: they can take away, and never give. One refuses by throwing a
 * `RoomsError`, which the client gets; anything else that it throws is logged, and the client gets `internal`. While one is waited for, the
 * later calls of that connection wait too, and those of others do not. What a backend does itself is not asked for.
 */
export interface Before {
  /** At each connect, reconnects among them; not at a `refresh`. */
  connect?(client: AskingClient): Answer<void>;
  /** At each join of a room that the connection is not in. */
  join?(client: AskingClient, call: { room: string }): Answer<void>;
  /** `data` is the client's own object: to change it, return another. */
  publish?(client: AskingClient, call: { room: string; data: unknown; id?: string }): Rewriting;
  send?(client: AskingClient, call: { to: string; data: unknown; id?: string }): Rewriting;
}

/** The hooks, of which one that has not answered in time (milliseconds) refuses: its connection waits for it, and so does the server's end. */
export function withTimeout(before: Before, milliseconds: number): Before {
  const limited = <Result>(answer: Answer<Result>): Answer<Result> =>
    answer instanceof Promise ? inTime(answer, milliseconds) : answer;
  return {
    ...(before.connect && { connect: (client) => limited(before.connect?.(client)) }),
    ...(before.join && { join: (client, call) => limited(before.join?.(client, call)) }),
    ...(before.publish && { publish: (client, call) => limited(before.publish?.(client, call)) }),
    ...(before.send && { send: (client, call) => limited(before.send?.(client, call)) }),
  };
}

async function inTime<Result>(answer: Promise<Result>, milliseconds: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new RoomsError("unavailable", "The application has not answered in time. Try again later.");
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function askingClient({ identity, sid, address, transport, device }: Caller): AskingClient {
  const { user, name, guest, claims } = identity;
  return {
    ...{ user, name, guest, claims, sid, address, transport },
    ...(device === undefined ? {} : { device }),
  };
}

/** A hook may give any code of the table; for the compiler it is one that every call may be refused with. */
type HookRefusal = Refused<"forbidden">;

/** @returns The refusal of a hook, or undefined. @throws What the hook throws that is none. */
export async function refusalOf(asked: () => Answer<unknown>): Promise<HookRefusal | undefined> {
  try {
    await asked();
    return undefined;
  } catch (error) {
    if (!(error instanceof RoomsError)) throw error;
    return refused(error.code as "forbidden", error.message, error.retryAfter);
  }
}

/**
 * @param ask Of the hook, with what is to be sent as the client sent it.
 * @returns What is to be sent: the client's data, or what the hook has put in its place; or the hook's refusal.
 * @throws Error where what the hook returns cannot be sent.
 */
export async function rewritten<Call extends { data: Payload }>(
  { data, ...call }: Call,
  limiter: Pick<Limiter, "size">,
  ask: (call: Omit<Call, "data"> & { data: unknown }) => Rewriting,
): Promise<Payload | HookRefusal> {
  let answer: Awaited<Rewriting> = undefined;
  const refusal = await refusalOf(async () => {
    answer = await ask({ ...call, data: data.value });
  });
  if (refusal !== undefined) return refusal;
  // The compiler does not follow the assignment in the function above.
  const other = answer as Rewritten | undefined;
  if (other === undefined) return data;
  const payload = payloadOfHook(other);
  const tooLarge = limiter.size(payload.size);
  if (tooLarge !== undefined)
    throw new Error(`a hook has made a message too large: ${tooLarge.detail ?? ""}`);
  return payload;
}

/** What is wrong with it is the application's fault, and not to be told to the client. */
function payloadOfHook({ data }: Rewritten): Payload {
  try {
    return payloadOf(data);
  } catch (error) {
    throw new Error("a hook has returned data that cannot be sent", { cause: error });
  }
}
