/** Results, as the page asks for them. Pure. */
import { lowerQuartile, median } from "../../shared/statistics.js";
import type { Missed } from "../protocol.js";
import type { CutResult, ProxyKind, Results, SubjectResult } from "../results.js";
import { SUBJECTS, type Subject, type SubjectName } from "../subjects.js";

export class View {
  readonly results: Results;

  constructor(results: Results) {
    this.results = results;
  }

  /** Names of those that were measured, but for the floor. */
  get names(): SubjectName[] {
    return this.results.subjects.map(({ name }) => name).filter((name) => name !== "pipe");
  }

  subject(name: SubjectName): Subject {
    return SUBJECTS[name];
  }

  title(name: SubjectName): string {
    return SUBJECTS[name].title;
  }

  spoken(name: SubjectName): string {
    return SUBJECTS[name].spoken;
  }

  /** Figures that were not measured are NaN. */
  latency(name: SubjectName): number {
    return this.#of(name)?.latency?.p50 ?? NaN;
  }

  latencyFast(name: SubjectName): number {
    return this.#of(name)?.latencyFast?.p50 ?? NaN;
  }

  /** Both ways together, for each message that is delivered. */
  bytes(name: SubjectName): number {
    return total(this.#of(name)?.bytes);
  }

  bytesFast(name: SubjectName): number {
    return total(this.#of(name)?.bytesFast);
  }

  /** Both ways together, for each message that is sent. */
  sending(name: SubjectName): number {
    return total(this.#of(name)?.sending);
  }

  cpu(name: SubjectName): number {
    return lowerQuartile(this.#of(name)?.cpuMicros ?? []);
  }

  /** Measurements of CPU that each way had. */
  get rounds(): number {
    return Math.max(0, ...this.results.subjects.map(({ cpuMicros = [] }) => cpuMicros.length));
  }

  /** As times of the bare WebSocket's. */
  cpuRatio(name: SubjectName): number {
    return this.cpu(name) / this.cpu("ws");
  }

  kilobytes(name: SubjectName): number {
    return this.#of(name)?.idle?.kilobytes ?? NaN;
  }

  /** Milliseconds of CPU for each idle client in a minute. */
  idleCpu(name: SubjectName): number {
    return this.#of(name)?.idle?.cpuMillisPerMinute ?? NaN;
  }

  roundTrips(name: SubjectName): number {
    return this.#of(name)?.first?.roundTrips ?? NaN;
  }

  firstBytes(name: SubjectName): number {
    return total(this.#of(name)?.first);
  }

  burst(name: SubjectName): number {
    return this.#of(name)?.burst ?? NaN;
  }

  cut(name: SubjectName, kind: CutResult["kind"]): CutResult | undefined {
    return this.results.cuts.find((cut) => cut.name === name && cut.kind === kind);
  }

  /** Of each client, the median; NaN where it was not measured. */
  lostInCut(name: SubjectName, kind: CutResult["kind"]): number {
    return median((this.cut(name, kind)?.cut ?? []).map(({ lost }) => lost));
  }

  lostInStall(name: SubjectName, kind: CutResult["kind"]): number {
    return median((this.cut(name, kind)?.stall ?? []).map(({ lost }) => lost));
  }

  /** Of all clients in cut and stall, the most. */
  worstLoss(name: SubjectName, kind: CutResult["kind"]): number {
    const { cut, stall } = this.cut(name, kind) ?? {};
    const all: Missed[] = [...(cut ?? []), ...(stall ?? [])];
    return all.length === 0 ? NaN : Math.max(...all.map(({ lost }) => lost));
  }

  /** Of the messages through a proxy, what part came; NaN where it was not measured. */
  passes(name: SubjectName, kind: ProxyKind, unbuffered = false): number {
    const row = this.results.proxies.find((proxy) => proxy.name === name && proxy.unbuffered === unbuffered);
    return row === undefined ? NaN : row.came[kind] / row.of;
  }

  /** "30 of 30"; empty where it was not measured. */
  passesText(name: SubjectName, kind: ProxyKind, unbuffered = false): string {
    const row = this.results.proxies.find((proxy) => proxy.name === name && proxy.unbuffered === unbuffered);
    return row === undefined ? "" : `${row.came[kind]} of ${row.of}`;
  }

  #of(name: SubjectName): SubjectResult | undefined {
    return this.results.subjects.find((subject) => subject.name === name);
  }
}

function total(passed: { up: number; down: number } | undefined): number {
  return passed === undefined ? NaN : passed.up + passed.down;
}
