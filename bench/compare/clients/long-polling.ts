/** Asks for what is new, and is answered when there is something. Without `resume` it begins at the newest when it comes back. */
import { asMessage } from "../message.js";
import { backoff, type Open } from "./client.js";
import { Browser } from "./http.js";

interface Answer {
  next: number;
  messages: unknown[];
}

export const open: Open = ({ port, settings: { resume = true }, onMessage }) => {
  const browser = new Browser(port);
  let isClosed = false;
  const isOpen = () => !isClosed;

  async function run(): Promise<void> {
    let next: number | undefined;
    for (let attempt = 0; isOpen();) {
      try {
        const path = next === undefined ? "/messages" : `/messages?since=${next}&wait=1`;
        const answer = JSON.parse(await browser.text("get", path)) as Answer;
        next = answer.next;
        attempt = 0;
        if (isOpen()) for (const message of answer.messages) onMessage(asMessage(message));
      } catch {
        // There is no connection just now.
        if (!resume) next = undefined;
        await new Promise((resolve) => setTimeout(resolve, backoff(attempt++)));
      }
    }
  }

  void run();
  return {
    send: (message) => browser.post(message),
    close() {
      isClosed = true;
      browser.close();
    },
  };
};
