/** What the benchmark gives: samples of all rounds, in their order. */

export interface Results {
  machine: { node: string; cores: number; centrifugo?: string };
  /** Microseconds of server CPU for each publish. */
  publish: { server: string; cpuMicros: number[] }[];
  /** Microseconds of server CPU for each client that came in; `coldCpuMicros`: for the first ones of a new process. */
  join: { server: string; cpuMicros: number[]; coldCpuMicros: number }[];
  /** Microseconds of server CPU for each client that comes back to its rooms, gets what it missed there, and goes. */
  rejoin: { server: string; clients: number; rooms: number; missedEach: number; cpuMicros: number[] }[];
  /** Of several storms of one kind, the one whose last client was in neither first nor last. */
  storm: Storm[];
}

export interface Storm {
  server: string;
  presence: boolean;
  clients: number;
  /** From the storm's beginning until so many of those that came in were in. */
  seconds: { p50: number; p99: number; last: number };
  /** Milliseconds by which the server's event loop was late; missing where there is none. */
  loopDelay?: { p99: number; max: number };
  /** 1 megabyte is 1,000,000 bytes. */
  peakRssMegabytes: number;
  /** That the clients have got, for each of them. */
  bytesPerClient: number;
  /** Microseconds of server CPU for each client. */
  cpuMicros: number;
  /** Clients that did not come in, or that were cut off. */
  lost: number;
  /** Answers of 503 with `Retry-After`. */
  toldToWait: number;
}
