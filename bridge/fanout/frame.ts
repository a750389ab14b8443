/** Frames of WebSockets. Pure. */

/** The bytes of one WebSocket frame, in one or more chunks. Shared between sockets: never written to. */
export type Frame = readonly Buffer[];

/** A text message as one unmasked WebSocket frame (RFC 6455, section 5.2). */
export function textFrame(text: string): Frame {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81; // the final fragment, text
  if (header === 2) {
    frame[1] = length;
  } else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length % 2 ** 32, 6);
  }
  frame.write(text, header);
  return [frame];
}
