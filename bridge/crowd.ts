/**
 * Many plain connections that are sent the same: a broadcast to them is one step in the tree of frames for them all,
 * as long as none of them is sent anything else in the same turn of the event loop.
 */
import type { WriteOptions } from "./codec.js";
import type { Connection } from "./connection.js";
import { QueueGroup } from "./outbox.js";

export class Crowd {
  private readonly group: QueueGroup;

  /** All of one bridge. */
  constructor(private readonly members: readonly [Connection, ...Connection[]]) {
    this.group = new QueueGroup(members[0].context.outbox);
  }

  /** Writes a packet of one chunk, that may not be dropped, to all. */
  write(chunk: string, options: WriteOptions): void {
    const [first] = this.members;
    const outgoing = first.context.codec.fromSocketIO(chunk, options, first);
    // What asks for an ack, or changes what a connection is, each has to take note of.
    if (outgoing?.type !== "event" || outgoing.id !== undefined) {
      for (const member of this.members) member.write(chunk, options);
      return;
    }
    const { group } = this;
    if (group.intact) {
      group.append(outgoing.frame);
      return;
    }
    if (!group.form()) {
      for (const member of this.members) member.write(chunk, options);
      return;
    }
    const alone = this.members.filter((member) => !member.enter(group));
    group.append(outgoing.frame);
    for (const member of alone) member.write(chunk, options);
    if (alone.length > 0) group.break();
  }
}
