/** Which faults happen when: made from a seed, so that a run can be made again with the same ones. Pure. */
import type { Random } from "../support/random.js";
import type { Cut, Direction } from "./proxy.js";

/** `on`: which of the connections, or clients, there are then; from 0 up to 1. Times in milliseconds. */
export type Planned =
  | { fault: "kill"; downFor: number }
  | { fault: "cut"; how: Cut; on: number }
  | { fault: "stall"; direction: Direction; lasts: number; on: number }
  | { fault: "delay"; direction: Direction; upTo: number; lasts: number; on: number }
  /** The server's clock is wrong by so much, for so long; the next server's is right. */
  | { fault: "clock"; by: number; lasts: number }
  | { fault: "reload"; on: number }
  /** A client's device connects a second time, as a duplicated tab does; `acks`: it acks what it takes from the inbox. */
  | { fault: "double"; on: number; lasts: number; acks: boolean }
  /** A user comes and goes for good: by leaving the rooms first, or without a word. */
  | { fault: "visit"; lasts: number; leaves: boolean };

export type Step = Planned & {
  /** Milliseconds since the faults began. */
  at: number;
};

/** Milliseconds between two faults of a kind, on average. */
const EVERY: Record<Planned["fault"], number> = {
  kill: 4_000,
  cut: 600,
  stall: 1_000,
  delay: 900,
  clock: 3_000,
  reload: 1_500,
  double: 800,
  visit: 2_000,
};

const WEEK = 7 * 24 * 60 * 60 * 1000;

/** Milliseconds of the longest stall: well past the heartbeat, so that both sides have given the connection up. */
const LONGEST_STALL = 4_000;

/** Milliseconds that a double or a visitor stays, at most. */
const LONGEST_COMPANY = 2_000;

/** The faults of so many milliseconds, in their order. Each kind has its first within the first of its intervals. */
export function plan(random: Random, milliseconds: number): Step[] {
  const kinds = Object.keys(EVERY) as Planned["fault"][];
  return kinds
    .flatMap((fault) =>
      times(random, EVERY[fault], milliseconds).map((at) => ({ at, ...one(random, fault) })),
    )
    .sort((a, b) => a.at - b.at);
}

function times(random: Random, every: number, end: number): number[] {
  const all: number[] = [];
  for (let at = random.next() * every; at < end; at += every * (0.5 + random.next()))
    all.push(Math.round(at));
  return all;
}

function one(random: Random, fault: Planned["fault"]): Planned {
  const on = random.next();
  switch (fault) {
    case "kill":
      return { fault, downFor: random.below(600) };
    case "cut":
      return { fault, how: random.pick(["rst", "fin"]), on };
    case "stall":
      return { fault, direction: direction(random), lasts: 100 + random.below(LONGEST_STALL), on };
    case "delay":
      return { fault, direction: direction(random), upTo: 10 + random.below(300), lasts: 1_000, on };
    case "clock":
      // Further ahead all tokens have run out. When it is set back again, a week has passed for the server.
      return { fault, by: random.pick([-WEEK, -60_000, 10_000]), lasts: 100 + random.below(2_000) };
    case "reload":
      return { fault, on };
    case "double":
      return { fault, on, lasts: 200 + random.below(LONGEST_COMPANY), acks: random.oneIn(2) };
    case "visit":
      return { fault, lasts: 200 + random.below(LONGEST_COMPANY), leaves: random.oneIn(2) };
  }
}

function direction(random: Random): Direction {
  return random.pick(["up", "down", "both"]);
}
