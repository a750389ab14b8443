/** A client in an agent, as a scenario has it: commands, and what came in the order in which it came. */
import { isDeepStrictEqual } from "node:util";
import { DEADLINE, within } from "../support/deadline.js";
import { type Agent, AgentError, type Report } from "./agent.js";

export type Fields = Readonly<Record<string, unknown>>;

export interface Position {
  epoch: string;
  offset: number;
}

export interface Message {
  room: string;
  id: string;
  position: Position;
  from: { user: string; name: string; sid: string; transport: string };
  data: unknown;
  at: number;
}

export interface Member {
  user: string;
  name: string;
  devices: { id: string; sid: string; transport: string }[];
}

/** Of the commands whose values scenarios look into (docs/conformance-agent.md). */
export interface Values {
  connect: { sid: string };
  call: unknown[];
  ready: { user: string; name: string; sid: string; device: string; guest: boolean };
  join: {
    recovered: boolean;
    position: Position;
    history?: { messages: Message[]; more: boolean };
  };
  state: "detached" | "joining" | "recovering" | "joined";
  position: Position | null;
  close: { unsent: number } | undefined;
  publish: { id: string; position: Position; at: number };
  history: { messages: Message[]; more: boolean };
  members: { members: Member[]; count: number; counted: boolean };
  list_members: { members: Member[]; count: number; more: boolean };
  send: { id: string; at: number };
  inbox: { waiting: number };
  cursor: Position | null;
}

type Value<Name extends string> = Name extends keyof Values ? Values[Name] : unknown;

/** Milliseconds that a scenario waits for what a client is to report, reconnects included. */
const REPORT = 10_000;

/** Reports that nobody need look at: they come at times of their own. */
const FREE = new Set(["warning", "presence", "connect", "connected", "disconnect", "disconnected", "joined"]);

interface Waiter {
  wants: (report: Report) => boolean;
  resolve: (report: Report) => void;
}

export class Client {
  readonly name: string;
  readonly #reports: Report[] = [];
  readonly #waiters: Waiter[] = [];
  #isClosed = false;

  constructor(readonly agent: Agent) {
    this.name = agent.newName();
    agent.listen(this.name, (report) => this.#came(report));
  }

  /** Gives a command and waits for its answer. @throws AgentError where the client refuses or fails. */
  async do<Name extends string>(name: Name, fields: Fields = {}): Promise<Value<Name>> {
    return (await this.#tell(name, fields).answer) as Value<Name>;
  }

  /** Gives a command; its answer may come late. */
  begin<Name extends string>(name: Name, fields: Fields = {}): { id: number; answer: Promise<Value<Name>> } {
    const { id, answer } = this.#tell(name, fields);
    answer.catch(() => undefined); // it is looked at later, or it is of no interest
    return { id, answer: answer as Promise<Value<Name>> };
  }

  /** The error of a command that has to fail. */
  async failure(name: string, fields: Fields = {}): Promise<AgentError> {
    return failureOf(this.#tell(name, fields).answer, `${name} ${JSON.stringify(fields)}`);
  }

  /** The next report of this kind with these fields; those of another kind stay. */
  next(event: string, fields: Fields = {}, milliseconds = REPORT): Promise<Report> {
    const wants = (report: Report): boolean => report.event === event && hasFields(report, fields);
    const index = this.#reports.findIndex(wants);
    const [found] = index === -1 ? [] : this.#reports.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    let waiter: Waiter | undefined;
    const came = new Promise<Report>((resolve) => {
      waiter = { wants, resolve };
      this.#waiters.push(waiter);
    });
    const what = `${this.agent.title}: "${event}" ${JSON.stringify(fields)}`;
    return within(came, what, milliseconds).finally(() => {
      // Nobody waits any more: what comes later is somebody else's.
      const index = this.#waiters.findIndex((one) => one === waiter);
      if (index !== -1) this.#waiters.splice(index, 1);
    });
  }

  /** The next message of a room. */
  async message(room?: string): Promise<Message> {
    return (await this.next("message", room === undefined ? {} : { room }))["message"] as Message;
  }

  /** The data of so many messages, as they come. */
  async messages(count: number, room?: string): Promise<unknown[]> {
    const all: unknown[] = [];
    while (all.length < count) all.push((await this.message(room)).data);
    return all;
  }

  /** Those reports of a kind that nobody has looked at yet; they are looked at now. */
  take(event: string): Report[] {
    const taken = this.#reports.filter((report) => report.event === event);
    this.forget(event);
    return taken;
  }

  forget(event: string): void {
    const left = this.#reports.filter((report) => report.event !== event);
    this.#reports.splice(0, Infinity, ...left);
  }

  /** Closes it, if its agent is there still and it is not closed yet. */
  async end(): Promise<void> {
    if (this.#isClosed || this.agent.isGone) return;
    await this.do("close");
  }

  /** What came that nobody has looked at, of what a scenario has to account for. */
  get leftOver(): readonly Report[] {
    return this.#reports.filter(({ event }) => !FREE.has(event));
  }

  #tell(name: string, fields: Fields): { id: number; answer: Promise<unknown> } {
    if (name === "close") this.#isClosed = true;
    return this.agent.tell({ client: this.name, do: name, ...fields });
  }

  #came(report: Report): void {
    const index = this.#waiters.findIndex(({ wants }) => wants(report));
    const [waiter] = index === -1 ? [] : this.#waiters.splice(index, 1);
    if (waiter === undefined) this.#reports.push(report);
    else waiter.resolve(report);
  }
}

/** The AgentError with which `answer` fails. */
export async function failureOf(answer: Promise<unknown>, what: string): Promise<AgentError> {
  let value: unknown;
  try {
    value = await answer;
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error(`${what} should have failed, and gave ${JSON.stringify(value)}`);
}

function hasFields(report: Report, fields: Fields): boolean {
  return Object.entries(fields).every(([name, value]) => isDeepStrictEqual(report[name], value));
}

/** Looks until `holds`; what a client shows only when it is asked. */
export async function eventually(
  holds: () => Promise<boolean>,
  what: string,
  milliseconds = DEADLINE,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${milliseconds} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
