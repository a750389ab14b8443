/** From a frame's bytes to what a page shows of it. Pure. */
import type { RawFrame } from "./frame-reader.js";
import type { FrameRecord } from "./records.js";

const CONTINUATION = 0;
const TEXT = 1;
const CLOSE = 8;

/** RFC 6455, section 7.4.1: stands for a close frame with no code. */
const NO_CODE = 1005;

type Shown = Omit<FrameRecord, "type" | "connection" | "at" | "direction">;

export function describeFrame({ payload, ...frame }: RawFrame): Shown {
  const cut = payload.length < frame.payloadBytes;
  if (frame.opcode === CLOSE) {
    if (payload.length < 2) return { ...frame, cut, closeCode: NO_CODE };
    return {
      ...frame,
      cut,
      closeCode: payload.readUInt16BE(0),
      text: decode(payload.subarray(2), cut) ?? "",
    };
  }
  if (payload.length === 0) return { ...frame, cut };
  const isText = !frame.compressed && (frame.opcode === TEXT || frame.opcode === CONTINUATION);
  const text = isText ? decode(payload, cut || !frame.fin) : undefined;
  return text === undefined ? { ...frame, cut, hex: payload.toString("hex") } : { ...frame, cut, text };
}

/** The text, or undefined if it is none. Where only the beginning is there, a character cut in two is dropped. */
function decode(bytes: Uint8Array, partial: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: partial });
  } catch {
    return undefined; // not UTF-8: shown in hexadecimal instead
  }
}
