/**
 * Direct messages of one user on one device, by the other person. All of it is kept over a reload: an item out of the
 * inbox is processed once it is kept here, as it will not come again.
 */
import type { InboxItem } from "@crossroom/client/rooms";
import { randomId } from "./random-id.js";
import { contentOf, dataOf, isPicture, type Content } from "./content.js";
import { isClosed, mayRepeat, UNCONFIRMED } from "./repeats.js";
import type { PaneStorage } from "./storage.js";
import { isRecord, wordsOf } from "./values.js";

const KEY = "direct";

/** Messages of a conversation that are kept. */
const LIMIT = 200;

/** Of those, the newest whose pictures are kept: a browser keeps 5 MB for a page, of all its conversations. */
const PICTURES = 5;

/** "waiting": not acked. "sent": in their inbox. "delivered": one of their devices has processed it. */
export type Delivery = "waiting" | "sent" | "delivered" | "refused";

export interface DirectMessage extends Content {
  readonly id: string;
  /** Left out of an older message: what a tab may keep is bounded. */
  picture?: string;
  /** Milliseconds since the epoch: the server's clock, or this device's as long as it waits. */
  at: number;
  /** Of one's own messages. */
  delivery?: Delivery;
  refusal?: string;
}

export interface Conversation {
  /** The other person's id. */
  readonly user: string;
  name: string;
  unread: number;
  messages: DirectMessage[];
}

export interface ConversationsOptions {
  storage: PaneStorage;
  /** Resolves when the message is in the inbox of `to`; rejects if it will not be. */
  send: (to: string, data: unknown, id: string) => Promise<{ at: number }>;
  onChange: () => void;
}

export class Conversations {
  readonly #options: ConversationsOptions;
  readonly #all: Conversation[];
  #watched: string | undefined;

  constructor(options: ConversationsOptions) {
    this.#options = options;
    this.#all = options.storage.read(KEY, isConversations) ?? [];
    for (const { user, messages } of this.#all) {
      for (const message of messages) {
        if (message.delivery !== "waiting") continue;
        if (mayRepeat(message.at)) this.#send(user, message);
        else Object.assign(message, { delivery: "refused", refusal: UNCONFIRMED });
      }
    }
  }

  get all(): readonly Conversation[] {
    return this.#all;
  }

  get unread(): number {
    return this.#all.reduce((sum, { unread }) => sum + unread, 0);
  }

  /** The conversation with somebody: the one that there is, or a new one. */
  with(user: string, name?: string): Conversation {
    const known = this.#all.find((conversation) => conversation.user === user);
    if (known !== undefined) {
      if (name !== undefined) known.name = name;
      return known;
    }
    const made: Conversation = { user, name: name ?? user, unread: 0, messages: [] };
    this.#all.push(made);
    return made;
  }

  /** Which one somebody looks at: what comes in it is read. */
  watch(user: string | undefined): void {
    this.#watched = user;
    if (user === undefined) return;
    this.with(user).unread = 0;
    this.#keep();
  }

  send(to: string, content: Content): void {
    const message: DirectMessage = { ...content, id: randomId(), at: Date.now(), delivery: "waiting" };
    this.#append(this.with(to), message);
    this.#keep();
    this.#send(to, message);
    this.#options.onChange();
  }

  /** Processes an item of the inbox. Throws if it could not be kept. */
  receive(item: InboxItem): void {
    if (item.type === "receipt") {
      const message = this.#find(item.from.user, item.id);
      if (message !== undefined) message.delivery = "delivered";
    } else {
      const { id, at, from, data } = item;
      const conversation = this.with(from.user, from.name);
      // It comes again where it could not be kept.
      if (!conversation.messages.some((known) => known.id === id && known.delivery === undefined)) {
        const { text, picture } = contentOf(data);
        this.#append(conversation, { id, at, text, ...(picture === undefined ? {} : { picture }) });
        if (this.#watched !== from.user) conversation.unread++;
      }
    }
    this.#keep();
    this.#options.onChange();
  }

  #send(to: string, message: DirectMessage): void {
    const settle = (delivery: Delivery, change: { at?: number; refusal?: string }): void => {
      // The receipt may have come before the ack.
      if (message.delivery === "waiting") message.delivery = delivery;
      Object.assign(message, change);
      this.#keep();
      this.#options.onChange();
    };
    this.#options.send(to, dataOf(message), message.id).then(
      ({ at }) => settle("sent", { at }),
      (error: unknown) => {
        if (!isClosed(error)) settle("refused", { refusal: wordsOf(error) });
      },
    );
  }

  #append(conversation: Conversation, message: DirectMessage): void {
    conversation.messages = [...conversation.messages, message].slice(-LIMIT);
    const withPictures = conversation.messages.filter(({ picture }) => picture !== undefined);
    for (const old of withPictures.slice(0, -PICTURES)) delete old.picture;
  }

  #find(user: string, id: string): DirectMessage | undefined {
    const conversation = this.#all.find((one) => one.user === user);
    return conversation?.messages.find((message) => message.id === id && message.delivery !== undefined);
  }

  #keep(): void {
    this.#options.storage.write(KEY, this.#all);
  }
}

function isConversations(value: unknown): value is Conversation[] {
  return Array.isArray(value) && value.every(isConversation);
}

function isConversation(value: unknown): value is Conversation {
  if (!isRecord(value)) return false;
  const { user, name, unread, messages } = value;
  return (
    typeof user === "string" &&
    typeof name === "string" &&
    typeof unread === "number" &&
    Array.isArray(messages) &&
    messages.every(isDirectMessage)
  );
}

function isDirectMessage(value: unknown): value is DirectMessage {
  if (!isRecord(value)) return false;
  if (value["picture"] !== undefined && !isPicture(value["picture"])) return false;
  return (
    typeof value["id"] === "string" && typeof value["text"] === "string" && typeof value["at"] === "number"
  );
}
