/**
 * The JSON text of what is emitted, from one who has made it already: it is not made again. Socket.IO has no place for it in a packet, and
 * nobody is to see any, so it is kept here for as long as `emit` runs.
 */

let known: { readonly argument: object; readonly json: string } | undefined;

/**
 * Emits an event whose one argument has a JSON text that is known. With `RoomAdapter` and Socket.IO's own parser a broadcast to one room
 * does not make it again; elsewhere, and for listeners of what is sent, it is an emit like any other.
 *
 * @param json What JSON.stringify makes of the argument, which holds no binary.
 * @param emit Emits the argument itself, once.
 */
export function emitKnown(argument: object, json: string, emit: () => unknown): void {
  const before = known;
  known = { argument, json };
  try {
    emit();
  } finally {
    known = before;
  }
}

/** The text of the one argument of an event that is just being emitted. */
export function knownJson(data: unknown): string | undefined {
  if (known === undefined || !Array.isArray(data)) return undefined;
  return data.length === 2 && data[1] === known.argument ? known.json : undefined;
}

/** The same, once: listeners may change the argument, and emit it again. */
export function takeKnownJson(data: unknown): string | undefined {
  const json = knownJson(data);
  if (json !== undefined) known = undefined;
  return json;
}
