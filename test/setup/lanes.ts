/** Jobs side by side, so many at a time. */
import type { Counts } from "./counts.js";

type Say = (line: string) => void;

/** What it says is said together, when it is done. */
export type Job = (tell: Say) => Promise<Counts>;

/** Begins them in their order. A job that rejects ends all: what it counts would be missing. */
export async function inLanes(lanes: number, jobs: readonly Job[], say: Say): Promise<Counts[]> {
  const counts: Counts[] = [];
  const waiting = jobs.entries();
  const lane = async (): Promise<void> => {
    for (const [place, job] of waiting) {
      const lines: string[] = [];
      counts[place] = await job((line) => void lines.push(line));
      for (const line of lines) say(line);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return counts;
}
