/** `ws` as its maintainers advise for broadcasts: the frame is made once, and handed to each client's sender. */
import { createServer } from "node:http";
import * as ws from "ws";
import { messageMaker, plainText } from "../message.js";
import { listen } from "../../shared/listen.js";
import { collectGarbage, frameBytesArgument, serve } from "../serve.js";

/** What @types/ws leaves out; as in ws 8.23, and as Engine.IO 6.6 uses it. */
interface FramingSender {
  sendFrame(list: readonly (Buffer | string)[]): void;
}
const { Sender } = ws as unknown as {
  Sender: { frame(data: Buffer, options: object): (Buffer | string)[] };
};
const senderOf = (client: ws.WebSocket) => (client as unknown as { _sender: FramingSender })._sender;

const http = createServer();
const wss = new ws.WebSocketServer({ server: http });
const message = messageMaker("plain", frameBytesArgument());

serve({
  port: await listen(http),
  broadcast(n) {
    const text = Buffer.from(plainText(message(n)));
    const frame = Sender.frame(text, { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false });
    for (const client of wss.clients) senderOf(client).sendFrame(frame);
  },
  collectGarbage,
});
