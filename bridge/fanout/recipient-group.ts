/**
 * The plain connections of a room: a broadcast to them is one step in the tree of frames for them all, as long as none
 * of them is sent anything else in the same tick of the event loop. Where QueueGroup knows of queues, this knows of
 * connections, and of what cannot be sent to all in the same way.
 */
import { QueueGroup } from "./outbox.js";
import type { Groupable, WriteOptions } from "./recipient.js";

/** A socket of a plain client. */
export interface PlainSocket {
  readonly client: { readonly conn: Groupable };
}

export class RecipientGroup<Member extends PlainSocket> {
  readonly #members: readonly [Member, ...Member[]];
  readonly #group: QueueGroup;

  /** All of one bridge. */
  constructor(members: readonly [Member, ...Member[]]) {
    this.#members = members;
    this.#group = new QueueGroup(members[0].client.conn.context.outbox);
  }

  /** Writes a packet of one chunk, that may not be dropped. Returns those to whom the caller must write it singly. */
  write(chunk: string, options: WriteOptions): readonly Member[] {
    const { conn } = this.#members[0].client;
    const outgoing = conn.translate(chunk, options);
    // What asks for an ack, or changes what a connection is, each has to take note of.
    if (outgoing?.type !== "event" || outgoing.id !== undefined) return this.#members;
    const group = this.#group;
    if (group.intact) {
      group.append(outgoing.frame);
      return NOBODY;
    }
    if (!group.form()) return this.#members;
    const alone = this.#members.filter(({ client }) => !client.conn.enter(group));
    group.append(outgoing.frame);
    // Whoever stands alone would miss what is appended from here on, by a listener of one of them, say.
    if (alone.length > 0) group.break();
    return alone;
  }
}

const NOBODY: readonly never[] = [];
