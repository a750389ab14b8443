/** The types of typed events, after those of socket.io-client. Types only; imports nothing. */

/**
 * A listener of an event about which nothing is known. Written as a method, so that TypeScript compares its
 * parameters in both directions: a listener may name the types that it expects.
 */
export type AnyListener = { listener(...args: unknown[]): void }["listener"];

/** The events of a socket that was given no map: any name, any values. */
export type DefaultEventsMap = Record<string, AnyListener>;

export type EventNames<Map extends object> = keyof Map & string;

/** What is sent with an event. */
export type EventParams<Map extends object, Event extends EventNames<Map>> = Map[Event] extends (
  ...args: infer Params
) => unknown
  ? Params
  : never;

/** The listener of an event that is the library's own, or else the user's. */
export type ListenerOf<Reserved extends object, User extends object, Event extends string> = OrAny<
  Event extends EventNames<Reserved> ? Reserved[Event] : Event extends EventNames<User> ? User[Event] : never
>;

type OrAny<Listener> = [Listener] extends [never] ? AnyListener : Listener;

/** The same events, whose acks get an error first: what `timeout()` makes of them. */
export type DecorateAcknowledgements<Map extends object> = {
  [Event in keyof Map]: Map[Event] extends (...args: infer Params) => infer Result
    ? (...args: PrependError<Params>) => Result
    : Map[Event];
};

type PrependError<Params extends unknown[]> = {
  [Index in keyof Params]: Params[Index] extends (...args: infer AckParams) => infer Result
    ? (error: Error | null, ...args: AckParams) => Result
    : Params[Index];
};

export type AllButLast<Params extends unknown[]> = Params extends [...infer Head, unknown] ? Head : unknown[];
export type Last<Params extends unknown[]> = Params extends [...unknown[], infer Tail] ? Tail : unknown;
/** What an ack answers: its first value, or the one behind the error that `timeout()` puts before it. */
export type Answer<Ack> = Ack extends (...args: infer Args) => unknown
  ? Args[0] extends Error | null
    ? Error extends Args[0]
      ? Args[1]
      : Args[0]
    : Args[0]
  : unknown;
