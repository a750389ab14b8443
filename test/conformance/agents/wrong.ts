/** What an agent can do wrong on purpose, so that it is seen that the suite notices. */
import type { Socket } from "./bridge-client.js";
import type { Fields } from "./host.js";

export interface Fault {
  /** Writes what the agent reports. */
  report(line: Fields, write: (line: Fields) => void): void;
  /** Whether an event of the server's is answered that the runner wants answered. */
  mayAnswer(key: number): boolean;
  /** A namespace is disconnected. */
  disconnected(socket: Socket): void;
}

const RIGHT: Fault = {
  report: (line, write) => write(line),
  mayAnswer: () => true,
  disconnected: () => undefined,
};

/** The one of many that it gets wrong. */
const THE_ONE = 4;

const FAULTS = {
  "drop-ack": (): Fault => ({ ...RIGHT, mayAnswer: (key) => key !== THE_ONE }),
  "repeat-message": (): Fault => {
    let count = 0;
    return {
      ...RIGHT,
      report: (line, write) => {
        write(line);
        if (line["event"] === "message" && ++count === THE_ONE) write(line);
      },
    };
  },
  "reconnect-after-final-code": (): Fault => ({
    ...RIGHT,
    disconnected: (socket) => {
      if (!socket.active) setTimeout(() => socket.connect(), 10);
    },
  }),
} as const;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** The fault of this name; of no name, none. @throws Error for a name that there is not. */
export function faultOf(name: string): Fault {
  if (name === "") return RIGHT;
  const make = FAULT_NAMES.find((one) => one === name);
  if (make === undefined) throw new Error(`${name} is none of ${FAULT_NAMES.join(", ")}`);
  return FAULTS[make]();
}
