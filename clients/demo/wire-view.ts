/** The list of what passed on one connection, with its totals. */
import type { FrameRecord, HandshakeRecord, HeadRecord, InspectRecord } from "crossroom/wire-tap";
import { appendFollowing, find, make, timeElement } from "./dom.js";
import { bytes, meaningOf, opcodeName, payloadText, pretty } from "./wire-format.js";

/** Lines that are kept. */
const LIMIT = 200;

const NOT_SHOWN = "What passes over HTTP is not shown here: WebSocket is refused on the way to the server.";

const EMPTY = "Frames appear here as they pass, with their sizes in bytes: header + payload.";

export class WireView {
  readonly #list: HTMLElement;
  readonly #totals: HTMLElement;
  /** Each line's payload as it came, to be shown either way. */
  readonly #payloads = new WeakMap<Element, string>();
  #empty = EMPTY;
  #pretty = false;
  #frames = 0;
  #up = 0;
  #down = 0;

  constructor(root: HTMLElement) {
    this.#list = find(root, ".frames", HTMLElement);
    this.#totals = find(root, ".totals", HTMLElement);
    const toggle = find(root, ".pretty", HTMLButtonElement);
    toggle.addEventListener("click", () => {
      this.#pretty = !this.#pretty;
      toggle.setAttribute("aria-pressed", String(this.#pretty));
      for (const payload of this.#list.querySelectorAll(".payload")) this.#showPayload(payload);
      this.#list.scrollTop = this.#list.scrollHeight;
    });
    this.#discloseIn(root);
    find(root, ".clear", HTMLButtonElement).addEventListener("click", () => this.#clear());
    this.#clear();
  }

  /** Whether what passes can be shown. */
  setShown(isShown: boolean): void {
    const empty = isShown ? EMPTY : NOT_SHOWN;
    if (empty === this.#empty) return;
    this.#empty = empty;
    const line = this.#list.querySelector(".empty");
    if (line !== null) line.textContent = empty;
  }

  show(record: InspectRecord): void {
    if (record.type === "handshake") this.#handshake(record);
    else if (record.type === "frame") this.#frame(record);
    else this.#append("", "end", "end", "The TCP connection is over", undefined, "", record.at);
  }

  /** On a narrow page the frames are folded away at first. */
  #discloseIn(root: HTMLElement): void {
    const toggle = find(root, ".wire-toggle", HTMLButtonElement);
    const open = (isOpen: boolean): void => {
      toggle.setAttribute("aria-expanded", String(isOpen));
      root.classList.toggle("wire-open", isOpen);
      this.#list.scrollTop = this.#list.scrollHeight;
    };
    toggle.addEventListener("click", () => open(!root.classList.contains("wire-open")));
    open(matchMedia("(min-width: 801px) and (min-height: 640px)").matches);
  }

  #clear(): void {
    this.#frames = this.#up = this.#down = 0;
    this.#totals.textContent = "";
    this.#list.replaceChildren(make("li", "empty", this.#empty));
  }

  #handshake({ path, request, response, at }: HandshakeRecord): void {
    this.#up += request.bytes;
    this.#down += response.bytes;
    const get = this.#payload(`GET ${path}`, headText(request));
    this.#append("up", "handshake", "HTTP", "handshake", get, bytes(request.bytes), at);
    const line = response.text.split("\r\n", 1)[0] ?? "";
    const answer = this.#payload(line, headText(response));
    this.#append("down", "handshake", "HTTP", "handshake", answer, bytes(response.bytes), at);
  }

  #frame(frame: FrameRecord): void {
    const size = frame.headerBytes + frame.payloadBytes;
    if (frame.direction === "up") this.#up += size;
    else this.#down += size;
    this.#frames++;
    const kind = opcodeName(frame.opcode);
    const text = payloadText(frame);
    const meaning = kind === "text" ? meaningOf(text) : "";
    const payload = text === "" ? undefined : this.#payload(text, pretty(text));
    const sizes = `${frame.headerBytes}+${frame.payloadBytes} B`;
    this.#append(frame.direction, kind, frame.fin ? kind : `${kind} …`, meaning, payload, sizes, frame.at);
  }

  #payload(raw: string, long: string): HTMLElement {
    const element = make("pre", "payload");
    this.#payloads.set(element, raw);
    element.dataset["pretty"] = long;
    this.#showPayload(element);
    return element;
  }

  #showPayload(element: Element): void {
    const long = element instanceof HTMLElement ? element.dataset["pretty"] : undefined;
    element.textContent = (this.#pretty ? long : this.#payloads.get(element)) ?? "";
  }

  #append(
    way: string,
    kind: string,
    label: string,
    meaning: string,
    payload: HTMLElement | undefined,
    size: string,
    at: number,
  ): void {
    this.#list.querySelector(".empty")?.remove();
    const arrow = make("span", "way", way === "up" ? "↑" : way === "down" ? "↓" : "×");
    arrow.title = way === "up" ? "from this page" : way === "down" ? "from the server" : "";
    const line = make("li", "frame", arrow, make("span", "kind", label), make("span", "meaning", meaning));
    line.append(make("span", "size", size), timeElement(at), ...(payload === undefined ? [] : [payload]));
    line.dataset["way"] = way;
    line.dataset["kind"] = kind;
    appendFollowing(this.#list, line, LIMIT);
    this.#totals.textContent = `↑ ${bytes(this.#up)}  ↓ ${bytes(this.#down)} · ${this.#frames} frames`;
  }
}

/** The head, and how much of it is left out: what does not make the handshake may be a secret. */
function headText({ text, hidden }: HeadRecord): string {
  if (hidden === 0) return text.trimEnd();
  return `${text.trimEnd()}\n(${hidden} other ${hidden === 1 ? "header" : "headers"}, not shown)`;
}
