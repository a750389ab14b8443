/** Server-sent events as a browser's EventSource takes them; without `resume` as one whose server gives no ids. */
import type { IncomingMessage } from "node:http";
import type { Open } from "./client.js";
import { EventReader, RECONNECT } from "./event-source.js";
import { Browser } from "./http.js";

export const open: Open = ({ port, settings: { resume = true, unbuffered = false }, onMessage }) => {
  const browser = new Browser(port);
  const events = new EventReader(onMessage);
  let isClosed = false;
  const isOpen = () => !isClosed;
  let stream: IncomingMessage | undefined;

  async function read(): Promise<void> {
    const headers = resume && events.lastId !== undefined ? { "Last-Event-ID": events.lastId } : {};
    const path = unbuffered ? "/events?unbuffered" : "/events";
    stream = await browser.open("eventSource", path, { headers });
    stream.setEncoding("utf8");
    events.begin();
    for await (const text of stream) events.push(text as string);
  }

  async function run(): Promise<void> {
    while (isOpen()) {
      await read().catch(() => undefined); // ended either way: an EventSource comes back
      if (isOpen()) await new Promise((resolve) => setTimeout(resolve, RECONNECT));
    }
  }

  void run();
  return {
    send: (message) => browser.post(message),
    close() {
      isClosed = true;
      stream?.destroy();
      browser.close();
    },
  };
};
