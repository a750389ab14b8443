/** HTTP as bytes: for requests that no client would send. */
import { connect } from "node:net";
import { within } from "../../../support/deadline.js";

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
  /** Bytes that could be written before the server closed the connection. */
  written: number;
}

/** Sends bytes as they are, and resolves to the answer when the server closes the connection. */
export function sendRaw(url: string, bytes: string | Iterable<string>): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const answered = new Promise<RawAnswer>((resolve) => {
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    let written = 0;
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    // What is written after the answer has come is nobody's any more.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      const text = Buffer.concat(chunks).toString("latin1");
      const [head = "", ...body] = text.split("\r\n\r\n");
      resolve({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
        head: head.toLowerCase(),
        body: body.join("\r\n\r\n"),
        written,
      });
    });
    const parts = (typeof bytes === "string" ? [bytes] : bytes)[Symbol.iterator]() as Iterator<
      string,
      undefined
    >;
    const write = (): void => {
      for (;;) {
        const next = parts.next();
        if (next.done === true || socket.destroyed) return;
        const { value } = next;
        written += value.length;
        if (!socket.write(value, "latin1")) return void socket.once("drain", write);
      }
    };
    socket.once("connect", write);
  });
  return within(answered, "the end of the connection");
}
