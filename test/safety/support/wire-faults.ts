/** Bytes that break the WebSocket protocol, with the close code that RFC 6455 asks for. */
import type { Random } from "../../support/random.js";
import { clientFrame, closePayload, Opcode } from "../../support/wire.js";

export interface WireFault {
  bytes: Buffer;
  /** The code of the server's close frame. */
  code: number;
}

const BAD_UTF8 = ["ff", "c080", "eda080", "f4908080", "e28281ff", "c3"].map((hex) => Buffer.from(hex, "hex"));

export function randomFault(random: Random, maxPayload: number): WireFault {
  const payload = random.bytes(random.below(20));
  const { TEXT, CONTINUATION, CLOSE, PING } = Opcode;
  switch (random.below(12)) {
    case 0:
      return { bytes: clientFrame({ opcode: TEXT, payload, masked: false }), code: 1002 };
    case 1:
      return { bytes: clientFrame({ opcode: TEXT, payload, rsv: 1 + random.below(7) }), code: 1002 };
    case 2:
      return {
        bytes: clientFrame({ opcode: random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), payload }),
        code: 1002,
      };
    case 3:
      return {
        bytes: clientFrame({ opcode: random.pick([CLOSE, PING, 10]), payload: Buffer.alloc(126) }),
        code: 1002,
      };
    case 4:
      return { bytes: clientFrame({ opcode: PING, payload, fin: false }), code: 1002 };
    case 5:
      return { bytes: clientFrame({ opcode: CONTINUATION, payload }), code: 1002 };
    case 6: {
      const first = clientFrame({ opcode: TEXT, payload: "{", fin: false });
      return { bytes: Buffer.concat([first, clientFrame({ opcode: TEXT, payload: "}" })]), code: 1002 };
    }
    case 7:
      return { bytes: clientFrame({ opcode: CLOSE, payload: "x" }), code: 1002 };
    case 8: {
      const code = random.pick([0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535]);
      return { bytes: clientFrame({ opcode: CLOSE, payload: closePayload(code) }), code: 1002 };
    }
    case 9: {
      const bad = Buffer.concat([Buffer.from('{"type":"'), random.pick(BAD_UTF8)]);
      return { bytes: clientFrame({ opcode: TEXT, payload: bad }), code: 1007 };
    }
    case 10: {
      const reason = Buffer.concat([closePayload(1000), random.pick(BAD_UTF8)]);
      return { bytes: clientFrame({ opcode: CLOSE, payload: reason }), code: 1007 };
    }
    default: {
      const claims = random.pick([maxPayload + 1, 2 ** 31, 2 ** 52]);
      return { bytes: clientFrame({ opcode: TEXT, payload, claims }), code: 1009 };
    }
  }
}

/** A text message in one to four frames, each with a mask of its own, perhaps with a control frame between them. */
export function scattered(random: Random, text: string, control: Buffer | undefined): Buffer {
  const payload = Buffer.from(text);
  const frames: Buffer[] = [];
  const pieces = random.oneIn(3) ? 1 + random.below(4) : 1;
  let at = 0;
  for (let piece = 1; piece <= pieces; piece++) {
    const last = piece === pieces;
    const end = last ? payload.length : at + random.below(payload.length - at + 1);
    const opcode = piece === 1 ? Opcode.TEXT : Opcode.CONTINUATION;
    const key = random.oneIn(2) ? random.bytes(4) : Buffer.alloc(4);
    frames.push(clientFrame({ opcode, payload: payload.subarray(at, end), fin: last, key }));
    if (piece === 1 && control !== undefined) frames.push(control);
    at = end;
  }
  return Buffer.concat(frames);
}
