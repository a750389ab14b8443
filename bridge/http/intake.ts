/**
 * What a client sends with POST: each line once and in order, whatever a proxy or a lost answer makes come twice (PROTOCOL.md, 12.6 and 12.7).
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { ignoreBody, sendError, sendJson } from "./answers.js";
import { linesOf, readBody } from "./body.js";
import { HTTP_ERRORS } from "./errors.js";

export interface IntakeOwner {
  /** A line, which is a message. */
  onLine(line: Buffer): void;
  /** A POST without lines, which counts as one. */
  onNothing(): void;
  onTooBig(): void;
  onInvalidUtf8(): void;
  /** Answers the request with a refusal if the session is closed by now. */
  refuseClosed(response: ServerResponse): boolean;
}

/** A POST that is not read to its end. */
interface UnderWay {
  readonly response: ServerResponse;
  /** Begins to read, where it waits. */
  begin(): void;
  stop(): void;
}

export class Intake {
  readonly #owner: IntakeOwner;
  readonly #maxPayload: number;
  /** How many lines have come. */
  #received = 0;
  #underWay: UnderWay | undefined;
  #isPaused = false;
  bytesRead = 0;

  constructor(owner: IntakeOwner, maxPayload: number) {
    this.#owner = owner;
    this.#maxPayload = maxPayload;
  }

  /** Reads no more bodies; one that is whole already was taken. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#underWay?.begin();
  }

  /** Takes a POST. @param seq The number of its first line; undefined where it has none, and may have no lines. */
  post(request: IncomingMessage, response: ServerResponse, seq: number | undefined): void {
    this.#supersede();
    let stop: (() => void) | undefined;
    const done = (): void => {
      if (this.#underWay === underWay) this.#underWay = undefined;
    };
    const begin = (): void => {
      stop ??= readBody(request, this.#maxPayload, {
        onBytes: (count) => (this.bytesRead += count),
        onAborted: done,
        onBody: (body) => {
          done();
          this.#take(body, seq, response);
        },
        onTooBig: () => {
          done();
          sendError(response, HTTP_ERRORS.messageTooBig);
          this.#owner.onTooBig();
        },
      });
    };
    const underWay = { response, begin, stop: () => (stop ?? (() => ignoreBody(request)))() };
    this.#underWay = underWay;
    // One that waits, and whose client goes, is not to be kept.
    response.once("close", done);
    if (!this.#isPaused) begin();
  }

  /** The client does not wait for the answer of an earlier one any more. */
  #supersede(): void {
    const former = this.#underWay;
    if (former === undefined) return;
    this.#underWay = undefined;
    former.stop();
    sendError(former.response, HTTP_ERRORS.superseded);
  }

  #take(body: Buffer, seq: number | undefined, response: ServerResponse): void {
    if (this.#owner.refuseClosed(response)) return;
    if (!isUtf8(body)) {
      this.#owner.onInvalidUtf8();
      this.#owner.refuseClosed(response);
      return;
    }
    const lines = linesOf(body);
    if (lines.length === 0) this.#owner.onNothing();
    else if (seq === undefined) {
      const message = "a POST with lines needs Crossroom-Seq, the number of the first";
      sendError(response, HTTP_ERRORS.badRequest, { message });
      return;
    } else if (seq > this.#received) {
      const received = this.#received;
      const message = `the first line is number ${seq}, and ${received} came so far`;
      sendError(response, HTTP_ERRORS.outOfOrder, { message, received });
      return;
    } else {
      const fresh = lines.slice(this.#received - seq);
      this.#received += fresh.length;
      for (const line of fresh) this.#owner.onLine(line);
    }
    sendJson(response, 200, { received: this.#received });
  }
}
