/** Asks for what is new every so often. */
import { asMessage } from "../message.js";
import { backoff, type Open } from "./client.js";
import { Browser } from "./http.js";

interface Answer {
  next: number;
  messages: unknown[];
}

export const open: Open = ({ port, settings: { pollEvery = 1_000 }, onMessage }) => {
  const browser = new Browser(port);
  let next: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  async function poll(attempt: number): Promise<void> {
    let wait = pollEvery;
    try {
      const path = next === undefined ? "/messages" : `/messages?since=${next}`;
      const answer = JSON.parse(await browser.text("get", path)) as Answer;
      if (isClosed) return;
      next = answer.next;
      for (const message of answer.messages) onMessage(asMessage(message));
      attempt = -1;
    } catch {
      wait = Math.min(pollEvery, backoff(attempt)); // there is no connection just now
    }
    if (!isClosed) timer = setTimeout(() => void poll(attempt + 1), wait);
  }

  void poll(0);
  return {
    send: (message) => browser.post(message),
    close() {
      isClosed = true;
      clearTimeout(timer);
      browser.close();
    },
  };
};
