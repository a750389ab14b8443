/**
 * A network with a switch, so that the page can go offline for real: the WebSockets and requests that it made are lost, and new ones
 * fail, until it is switched on again. What the clients do about it is their own doing.
 */
import type { WebSocketLike } from "@crossroom/client";

/** RFC 6455, section 7.1.5: the connection ended with no close frame from the other side. */
const LOST = 1006;

export class Network {
  /** A WebSocket class for both clients. */
  readonly WebSocket: new (url: string, protocols?: string | string[]) => SwitchedWebSocket;
  readonly #open = new Set<SwitchedWebSocket>();
  readonly #lost = new EventTarget();
  #isUp = true;

  constructor() {
    const open = this.#open;
    const isUp = (): boolean => this.#isUp;
    this.WebSocket = class extends SwitchedWebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(isUp() ? new WebSocket(url, protocols) : undefined);
        open.add(this);
        this.addEventListener("close", () => open.delete(this));
      }
    };
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  goDown(): void {
    this.#isUp = false;
    for (const socket of [...this.#open]) socket.lose();
    this.#lost.dispatchEvent(new Event("lost"));
  }

  /** `fetch` on this network: a request that is under way when it goes down is lost. */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    if (!this.#isUp) throw new TypeError("there is no network");
    const lost = new AbortController();
    this.onLost(() => lost.abort(), init?.signal ?? undefined);
    const signals = [lost.signal, ...(init?.signal ? [init.signal] : [])];
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };

  /** Runs the task when it goes down the next time, unless the signal was given before. */
  onLost(task: () => void, unless?: AbortSignal): void {
    this.#lost.addEventListener("lost", task, {
      once: true,
      ...(unless === undefined ? {} : { signal: unless }),
    });
  }

  comeUp(): void {
    this.#isUp = true;
  }
}

/** A WebSocket that can be lost. Has the part of the interface that the clients use: listeners, and `on...` handlers. */
class SwitchedWebSocket extends EventTarget implements WebSocketLike {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  #socket: WebSocket | undefined;

  /** @param socket the real one; none: the attempt fails. */
  constructor(socket: WebSocket | undefined) {
    super();
    this.#socket = socket;
    if (socket === undefined) {
      // Later, as a browser does: whoever made it listens only from now on.
      setTimeout(() => {
        this.#tell(new Event("error"));
        this.#tell(new CloseEvent("close", { code: LOST }));
      });
      return;
    }
    socket.addEventListener("open", () => this.#pass(socket, new Event("open")));
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) =>
      this.#pass(socket, new MessageEvent("message", { data })),
    );
    socket.addEventListener("error", () => this.#pass(socket, new Event("error")));
    socket.addEventListener("close", ({ code, reason, wasClean }) =>
      this.#pass(socket, new CloseEvent("close", { code, reason, wasClean })),
    );
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  get binaryType(): BinaryType {
    return this.#socket?.binaryType ?? "blob";
  }

  set binaryType(type: BinaryType) {
    if (this.#socket !== undefined) this.#socket.binaryType = type;
  }

  /** What is sent on a lost connection is lost. */
  send(data: string | ArrayBuffer): void {
    this.#socket?.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  /** From now on nothing comes or goes. */
  lose(): void {
    if (this.#socket === undefined) return;
    this.#socket.close();
    this.#socket = undefined;
    this.#tell(new CloseEvent("close", { code: LOST }));
  }

  #pass(from: WebSocket, event: Event): void {
    if (from === this.#socket) this.#tell(event);
  }

  #tell(event: Event): void {
    if (event instanceof CloseEvent) this.onclose?.(event);
    else if (event instanceof MessageEvent) this.onmessage?.(event);
    else if (event.type === "open") this.onopen?.(event);
    else this.onerror?.(event);
    this.dispatchEvent(event);
  }
}
