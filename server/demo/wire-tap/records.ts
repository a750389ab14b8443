/** What the inspector tells a page about the page's own connections. Imports nothing: browser code imports its types. */

/** From the client to the server, or from the server to the client. */
export type Direction = "up" | "down";

interface Common {
  /** Counts the connections of one page, from 1. */
  connection: number;
  /** Milliseconds since the epoch, by the server's clock. */
  at: number;
}

/** The HTTP handshake of a connection (RFC 6455, section 4): 101, or the refusal. */
export interface HandshakeRecord extends Common {
  type: "handshake";
  /** Path of the request, with no query. */
  path: string;
  /** As rebuilt from the parsed request: Node does not keep the bytes. */
  request: HeadRecord;
  response: HeadRecord & { status: number };
}

/** An HTTP head. */
export interface HeadRecord {
  /** The first line, and the headers that make the handshake. */
  text: string;
  /** How many other headers there were: cookies, credentials, what a proxy added. */
  hidden: number;
  /** Of the whole head. */
  bytes: number;
}

/** One WebSocket frame, as it stood on the wire (below TLS, where there is some). */
export interface FrameRecord extends Common {
  type: "frame";
  direction: Direction;
  /** RFC 6455, section 5.2: 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  opcode: number;
  fin: boolean;
  masked: boolean;
  /** Whether the payload is compressed (RFC 7692): `text` is then left out. */
  compressed: boolean;
  /** Bytes of the header, the extended length and the masking key included. */
  headerBytes: number;
  payloadBytes: number;
  /** The payload, unmasked: text where it is text, or the reason of a close frame. */
  text?: string;
  /** The payload in hexadecimal, where it is not text. */
  hex?: string;
  /** Whether `text` or `hex` is only the beginning of the payload. */
  cut: boolean;
  /** The status code of a close frame; 1005 if it has none. */
  closeCode?: number;
}

/** The TCP connection is over. */
export interface EndRecord extends Common {
  type: "end";
}

export type InspectRecord = HandshakeRecord | FrameRecord | EndRecord;
