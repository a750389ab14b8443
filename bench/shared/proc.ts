/** What another process uses of the machine, by Linux's /proc: the same way for every program, whatever it is written in. */
import { readFileSync } from "node:fs";

/** Microseconds of the ticks in which /proc counts: 100 a second on all platforms of Node.js (`getconf CLK_TCK`). */
const TICK = 10_000;

/** Microseconds of CPU that a process has used, user and system, all its threads. */
export function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  // proc_pid_stat(5): utime and stime are the fields 14 and 15; the name, field 2, is in brackets and may have spaces in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK;
}

/** The most resident memory that a process has had, bytes. */
export function peakRssOf(pid: number): number {
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kibibytes) * 1024;
}
