/** What is looked at on a device: a room with who is in it, or a conversation. */
import { Composer } from "./composer.js";
import type { Content } from "./content.js";
import type { Device } from "./device.js";
import { find, setText } from "./dom.js";
import { directLines, roomLines, type Line } from "./lines.js";
import { MembersView } from "./members-view.js";
import { MessageList } from "./message-list.js";
import type { Place, Session } from "./session.js";
import { pictureOf } from "./pictures.js";
import type { Side } from "./transports.js";
import { typingText } from "./typing.js";
import { wordsOf } from "./values.js";

export class PlaceView {
  readonly #device: Device;
  readonly #name: HTMLElement;
  readonly #info: HTMLElement;
  readonly #here: HTMLElement;
  readonly #hereCount: HTMLElement;
  readonly #members: MembersView;
  readonly #leave: HTMLButtonElement;
  readonly #messages: MessageList;
  readonly #typing: HTMLElement;
  readonly #composer: Composer;

  constructor(root: HTMLElement, side: Side, device: Device) {
    this.#device = device;
    this.#name = find(root, ".place-name", HTMLElement);
    this.#info = find(root, ".place-info", HTMLElement);
    this.#here = find(root, ".here", HTMLElement);
    this.#hereCount = find(root, ".here-count", HTMLElement);
    this.#members = new MembersView(find(root, ".members", HTMLElement), {
      onMember: ({ user }) => this.goTo({ kind: "direct", user }),
      onMore: () => void this.#feed()?.pages.load(),
    });
    this.#leave = find(root, ".leave", HTMLButtonElement);
    this.#leave.addEventListener("click", () => {
      const feed = this.#feed();
      if (feed !== undefined) device.leave(feed.name);
    });
    this.#messages = new MessageList(root, {
      side,
      onTop: () => void this.#feed()?.loadOlder(),
      onTopAction: () => this.#feed()?.retryLoading(),
    });
    this.#typing = find(root, ".typing", HTMLElement);
    this.#composer = new Composer(root, side, {
      onSay: (text) => this.#say({ text }),
      onFiles: (files) => void this.#sayPictures(files),
      onTyping: (isTyping) => this.#feed()?.signalTyping(isTyping),
    });
  }

  /** Moves to a place, ready to write there. */
  goTo(place: Place): void {
    this.#device.goTo(place);
    // On a phone the keyboard would cover what one came to read.
    if (matchMedia("(hover: hover)").matches) this.#composer.focus();
  }

  show(session: Session): void {
    if (session.place.kind === "room") this.#showRoom(session, session.place.name);
    else this.#showConversation(session, session.place.user);
  }

  #say(content: Content): boolean {
    const isSaid = this.#device.session?.say(content) === true;
    if (isSaid) this.#messages.follow();
    return isSaid;
  }

  async #sayPictures(files: readonly File[]): Promise<void> {
    const { session } = this.#device;
    try {
      for (const file of files) {
        const picture = await pictureOf(file);
        // Who has moved on meanwhile did not mean it for where they are now.
        if (this.#device.session === session) this.#say({ text: "", picture });
      }
    } catch (error) {
      session?.complain(wordsOf(error));
    }
  }

  #showRoom(session: Session, name: string): void {
    const feed = session.feed(name);
    if (feed === undefined) return;
    if (this.#messages.following) feed.timeline.trim();
    this.#name.textContent = name;
    this.#info.textContent = "";
    this.#here.hidden = false;
    this.#hereCount.textContent = feed.memberCount === 0 ? "" : String(feed.memberCount);
    if (feed.isCounted) this.#members.showPages(feed.pages, feed.memberCount, session.self?.user);
    else this.#members.show([...feed.members.values()], session.self?.user);
    this.#leave.hidden = session.feeds.length < 2;
    setText(this.#typing, typingText(feed.typing));
    this.#composer.show(`Write to ${name}`);
    this.#fill(`room ${name}`, roomLines(feed, session.self, this.#device.name));
  }

  #showConversation(session: Session, user: string): void {
    const isSelf = user === session.self?.user;
    const conversation = session.conversations?.all.find((one) => one.user === user);
    const name = conversation?.name ?? user;
    this.#name.textContent = name;
    this.#info.textContent = isSelf ? `${user} · this is you` : name === user ? "" : user;
    this.#here.hidden = true;
    this.#leave.hidden = true;
    setText(this.#typing, "");
    this.#composer.show(`Write to ${name} alone`);
    const lines = conversation === undefined ? [] : directLines(conversation, this.#device.name);
    this.#fill(`direct ${user}`, lines);
  }

  #fill(place: string, lines: readonly Line[]): void {
    this.#messages.show(`${this.#device.session?.self?.user ?? ""} ${place}`, lines);
  }

  #feed() {
    const session = this.#device.session;
    return session?.place.kind === "room" ? session.feed(session.place.name) : undefined;
  }
}
