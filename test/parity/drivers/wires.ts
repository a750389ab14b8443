/** What carries a plain client's frames: a WebSocket, or requests. */
import type { IncomingHttpHeaders } from "node:http";
import { WebSocket } from "ws";
import { HttpRefused, HttpSession, type Reading } from "../../support/http-session.js";
import { silence, type Target } from "./driver.js";

/** As a `Client` has it. */
export interface Wire {
  send(text: string): void;
  close(): void;
  cut(): void;
  mute(): void;
  stall(): void;
  resume(): void;
}

export interface WireOwner {
  /** The headers of the answer to the request that opens it. */
  onAnswer(headers: IncomingHttpHeaders): void;
  onOpen(): void;
  onMessage(text: string): void;
  onRefused(): void;
  /** It is being left, and the next connection is another one. */
  onClosing(): void;
  onClose(): void;
}

export type Dial = (target: Target, owner: WireOwner) => Wire;

function addressOf({ url, bridgePath, query }: Target): string {
  const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  return `${url}${bridgePath}${search}`;
}

export const dialWebSocket: Dial = (target, owner) => {
  const { headers, ca } = target;
  const ws = new WebSocket(addressOf(target).replace("http", "ws"), "crossroom.v1", {
    ...(headers && { headers: { ...headers } }),
    ...(ca !== undefined && { ca }),
  });
  ws.on("upgrade", (answer) => owner.onAnswer(answer.headers));
  ws.on("open", () => owner.onOpen());
  ws.on("message", (data: Buffer) => owner.onMessage(data.toString()));
  // A refused upgrade; an error of an open WebSocket is followed by "close", and told there.
  ws.on("error", () => {
    if (ws.readyState === WebSocket.CONNECTING || ws.protocol === "") owner.onRefused();
  });
  ws.on("close", () => owner.onClose());
  return {
    send: (text) => ws.send(text),
    close: () => {
      owner.onClosing();
      ws.close();
    },
    cut: () => ws.terminate(),
    mute: () => silence(ws),
    stall: () => ws.pause(),
    resume: () => ws.resume(),
  };
};

export function dialHttp(reading: Reading): Dial {
  return (target, owner) => {
    const { headers, ca } = target;
    let session: HttpSession | undefined;
    let isCut = false;
    const opened = (made: HttpSession): void => {
      session = made;
      owner.onAnswer(made.answer.headers);
      if (isCut) made.cut();
      made.begin({ onFrame: (text) => owner.onMessage(text), onClose: () => owner.onClose() });
      owner.onOpen();
    };
    HttpSession.open(addressOf(target), {
      reading,
      ...(headers && { headers }),
      ...(ca !== undefined && { ca }),
    }).then(opened, (error: unknown) => {
      if (error instanceof HttpRefused) owner.onAnswer(error.answer.headers);
      owner.onRefused();
      owner.onClose();
    });
    return {
      send: (text) => session?.send(text),
      close: () => {
        owner.onClosing();
        session?.close();
      },
      cut: () => {
        isCut = true;
        session?.cut();
      },
      mute: () => session?.mute(),
      stall: () => session?.stall(),
      resume: () => session?.resume(),
    };
  };
}
