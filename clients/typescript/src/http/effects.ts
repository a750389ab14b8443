/** What a session says is to be done, and how it ends. Types only. */
import type { OpeningVerdict } from "./answers.js";
import type { ReadingMode } from "./reading.js";

export interface HttpRequest {
  readonly id: number;
  readonly method: "POST" | "GET" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Whether it may outlive the page (12.8). */
  readonly keepalive: boolean;
}

/** How a session ended that was open. */
export interface SessionEnd {
  /** A close code of section 8. */
  readonly code: number;
  readonly reason: string;
  /** The status with which something refused to let the session go on. */
  readonly status?: number;
  readonly retryAfter?: number;
}

/** Why a session could not be opened. */
export type OpeningFailure = Exclude<OpeningVerdict, { is: "open" }>;

export type HttpEffect =
  | { readonly do: "request"; readonly request: HttpRequest }
  | { readonly do: "abort"; readonly id: number }
  /** The session is open. */
  | { readonly do: "opened" }
  | { readonly do: "not opened"; readonly why: OpeningFailure }
  | { readonly do: "frame"; readonly text: string }
  /** A request was made that the server counts as a message (9), beside those of `send`. */
  | { readonly do: "counted" }
  /** Polls have taken the place of the stream. */
  | { readonly do: "changed" }
  /** An answer to a GET of this mode has begun, for the first time. */
  | { readonly do: "works"; readonly mode: ReadingMode }
  | { readonly do: "lost"; readonly end: SessionEnd }
  /** Left, and nothing more is to be done. */
  | { readonly do: "left" };

export interface SessionSettings {
  readonly mode: ReadingMode;
  /** See `ReadingSettings`. */
  readonly isBrief: boolean;
  /** Whether a stream may become polls. */
  readonly mayPoll: boolean;
}
