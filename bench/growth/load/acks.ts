/** A user who gets items, and acks each by itself, at once. */
import { Client } from "../../durable/load/client.js";
import { OK, WIRES } from "../../shared/wires.js";
import type { InboxItem } from "../../../server/api/types.js";
import { DATA } from "../message.js";
import type { AcksResult } from "../protocol.js";

const WIRE = WIRES.bridge;
const DEVICE = "phone";
const OPEN_ID = 0;

/** Sends under way at a time. */
const CONCURRENCY = 256;

export async function ackAll({ port, items }: { port: number; items: number }): Promise<AcksResult> {
  const [sender] = await Client.connect("bridge", port, {});
  const [recipient, { user: to }] = await Client.connect("bridge", port, { device: DEVICE });
  let left = items;
  const sendSome = async () => {
    while (left-- > 0) await sender.call("send", { to, data: DATA });
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, sendSome));
  const milliseconds = await drain(recipient, items);
  await Promise.all([sender.close(), recipient.close()]);
  return { milliseconds };
}

/** Milliseconds from the first ack to the answer to the last. */
function drain(recipient: Client, items: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let start = 0;
    let sent = 0;
    let answered = 0;
    const send = recipient.takeOver((bytes) => {
      const text = bytes.toString();
      const heard = WIRE.read(text);
      if (heard?.type === "event" && heard.event === "inbox") {
        const { position } = heard.args[0] as InboxItem;
        if (sent === 0) start = performance.now();
        send(Buffer.from(WIRE.call("inbox_ack", { position }, ++sent)));
      } else if (heard?.type === "ack" && !text.startsWith(WIRE.ackStart(heard.id) + OK)) {
        reject(new Error(`a call was refused: ${text}`));
      } else if (heard?.type === "ack" && heard.id !== OPEN_ID && ++answered === items) {
        resolve(performance.now() - start);
      }
    }, reject);
    send(Buffer.from(WIRE.call("inbox", {}, OPEN_ID)));
  });
}
