/** Clients that come in some at a time, each to a room of its own. */
import type { Dialect } from "../dialects.js";
import { comeIn, type Member } from "./member.js";

/** Clients under way at a time: no server is run over. */
const CONCURRENCY = 32;

/** A room's number goes on from one measurement to the next: nobody comes to a room that was there before. */
let rooms = 0;

export interface Housed {
  member: Member;
  room: string;
}

/** Resolves when all are in; rejects if one is refused. */
export async function comeInEach(
  group: string,
  { dialect, port, count }: { dialect: Dialect; port: number; count: number },
): Promise<Housed[]> {
  const housed: Housed[] = [];
  let left = count;
  const comeInSome = async () => {
    while (left-- > 0) {
      const room = `${group} ${rooms++}`;
      housed.push({ room, member: await comeIn({ dialect, port, room }) });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, comeInSome));
  return housed;
}
