/** What the parts of a run share: the processes, and whose messages a part has to wait for. */
import type { Settings } from "./settings.js";
import { LoadProcess, Relay, ServerProcess, type ServerProgram } from "./processes.js";
import type { Published } from "./protocol.js";
import type { Part, Subject, SubjectName } from "./subjects.js";
import { subjectsOf } from "./subjects.js";

export class Context {
  readonly settings: Settings;
  readonly say: (line: string) => void;
  /** Milliseconds that a message was late at worst, in all parts. */
  slip = 0;

  constructor(settings: Settings, say: (line: string) => void) {
    this.settings = settings;
    this.say = say;
  }

  subjects(part: Part): [name: SubjectName, subject: Subject][] {
    return this.settings.only.includes(part) ? subjectsOf(this.settings.subjects, part) : [];
  }

  published(published: Published): Published {
    this.slip = Math.max(this.slip, published.slip);
    return published;
  }
}

/** Servers, clients and a relay for as long as a part lasts. Those that have the same program share a server. */
export class Stage {
  readonly load: LoadProcess;
  readonly relay: Relay;
  readonly #context: Context;
  readonly #more: LoadProcess[] = [];
  readonly #servers = new Map<string, Promise<ServerProcess>>();

  private constructor(context: Context, load: LoadProcess, relay: Relay) {
    this.#context = context;
    this.load = load;
    this.relay = relay;
  }

  /** Ends all processes when `body` has ended, however. */
  static async with<Value>(context: Context, body: (stage: Stage) => Promise<Value>): Promise<Value> {
    const [load, relay] = await Promise.all([LoadProcess.start(), Relay.start()]);
    const stage = new Stage(context, load, relay);
    try {
      return await body(stage);
    } finally {
      const servers = await Promise.allSettled(stage.#servers.values());
      const started = servers.flatMap((server) => (server.status === "fulfilled" ? [server.value] : []));
      await Promise.all([load, relay, ...stage.#more, ...started].map((child) => child.end()));
    }
  }

  /** A further process with clients. */
  async moreClients(): Promise<LoadProcess> {
    const load = await LoadProcess.start();
    this.#more.push(load);
    return load;
  }

  /**
   * @param own A name, for a server that is not shared.
   * @param nodeOptions Of Node.js, for its process.
   */
  server(program: ServerProgram, own = "", nodeOptions: readonly string[] = []): Promise<ServerProcess> {
    const key = `${own} ${program.script} ${program.args?.join(" ") ?? ""}`;
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const { folder } = this.#context.settings;
    const started = ServerProcess.start(program.script, program, { folder, nodeOptions });
    this.#servers.set(key, started);
    return started;
  }
}
